"""Rows for borders."""

from op_table import case, floats, row

IMAGE = floats(1, 2, 3, 5)

row(
    "nn.functional.pad",
    case(IMAGE, (1, 2)), case(IMAGE, (1, 0, 2, 1), value=1.5), case(IMAGE, (-1, 2, 0, -1)),
    case(IMAGE, (1, 2, 1, 1), mode="reflect"), case(IMAGE, (1, 2, 1, 1), mode="replicate"),
    case(IMAGE, (1, 2, 1, 1), mode="circular"), case(floats(2, 5), (2, 1), mode="reflect"),
    errors=(case(IMAGE, (1,)), case(floats(3), (1, 1, 1, 1)),
            case(IMAGE, (5, 0, 0, 0), mode="circular", value=1)),
    grad_name=False,
)  # fmt: skip
