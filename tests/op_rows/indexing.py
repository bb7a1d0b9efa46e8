"""Rows for square brackets and what belongs to them."""

from op_table import case, exactly, floats, row

PLACES = exactly([2, 0, 2], "int64")

row("select", case(floats(3, 5), 0, 1), case(floats(3, 5), -1, -2),
    errors=(case(floats(3, 5), 0, 3), case(floats(), 0, 0)), method=True)  # fmt: skip
row("narrow", case(floats(3, 5), 1, 1, 3), case(floats(3, 5), 0, 0, 0),
    errors=(case(floats(3, 5), 1, 3, 3),), method=True)  # fmt: skip
row(
    "index_put",
    case(floats(3, 5), [PLACES], floats(3, 5), accumulate=True),
    case(floats(3, 5), [exactly([1, 0], "int64"), exactly([4, 4], "int64")], floats(2)),
    case(floats(3), [exactly([True, False, True], "bool")], floats(1)),
    errors=(
        case(floats(3), [PLACES], floats(2)),
        case(floats(3), [exactly([3], "int64")], floats(1)),
        case(floats(3), [PLACES], exactly([1.0], "float32")),
    ),
    method=True, in_place=True,
)  # fmt: skip
row("Tensor.__getitem__", case(floats(3, 5), 1), case(floats(3, 5), (slice(1, 3), 2)),
    case(floats(3, 5), (None, Ellipsis, slice(None, None, 2))),
    case(floats(3, 5), PLACES), case(floats(3, 5), (slice(None), PLACES)),
    case(floats(2, 3, 5), (0, slice(None), [1, 2])),
    case(floats(3), exactly([True, False, True], "bool")),
    errors=(case(floats(3, 5), 3), case(floats(3), (0, 0)),
            case(floats(3), exactly([True], "bool")), case(floats(3), 1.5)))  # fmt: skip
