"""Rows for shape and order."""

from op_table import case, floats, row

row("clone", case(floats(3, 5)), case(floats(0, 3)), method=True)
row(
    "reshape", case(floats(2, 6), (3, -1)), case(floats(0, 3), (3, 0)),
    errors=(
        case(floats(2, 3), (4, -1)), case(floats(2, 3), (-1, -1)),
        case(floats(2, 3), (5,)),
    ),
    method=True,
)  # fmt: skip
row("Tensor.view", case(floats(2, 6), 3, 4), case(floats(2, 6), -1),
    errors=(case(floats(2, 3), 5),))  # fmt: skip
row("transpose", case(floats(2, 3, 5), 0, -1), errors=(case(floats(2, 3), 0, 2),),
    method=True)  # fmt: skip
row("t", case(floats(2, 3)), case(floats(3)), errors=(case(floats(2, 2, 2)),),
    method=True)  # fmt: skip
row("permute", case(floats(2, 3, 5), (2, 0, 1)), case(floats(2, 3), (-1, 0)),
    errors=(case(floats(2, 3), (0, 0)), case(floats(2, 3), (0, 3))),
    method=True)  # fmt: skip
row(
    "Tensor.expand",
    case(floats(3, 1), 2, 3, 5),
    case(floats(3, 1), -1, 4),
    errors=(case(floats(3, 2), 3, 5),),
)
row("unsqueeze", case(floats(3, 5), 1), case(floats(), -1),
    errors=(case(floats(3), 2),), method=True)  # fmt: skip
row("squeeze", case(floats(1, 3, 1)), case(floats(1, 3, 1), 0), case(floats(3, 5), 1),
    case(floats(1, 3, 1), (0, 2)), errors=(case(floats(3), 1),), method=True)  # fmt: skip
