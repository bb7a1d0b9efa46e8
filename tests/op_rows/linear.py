"""Rows for linear layers."""

from op_table import case, floats, integers, row

W, B = floats(4, 3), floats(4)

row(
    "nn.functional.linear",
    case(floats(2, 3), W, B), case(floats(2, 3), W), case(floats(0, 3), W, B),
    case(floats(2, 5, 3), W, B), case(floats(2, 5, 3), W), case(floats(3), W, B),
    case(floats(3), W), case(floats(2, 3), floats(3)),
    errors=(
        case(floats(1, 4), W, B), case(floats(4), W, B), case(floats(2, 5, 4), W, B),
        case(floats(2, 3), W, floats(5)), case(integers(2, 3), W, B),
        case(floats(2, 3), floats(3), B),
    ),
)  # fmt: skip
TRIPLE = floats(2, 3, 4)
row(
    "nn.functional.bilinear",
    case(floats(5, 3), floats(5, 4), TRIPLE, floats(2)),
    case(floats(5, 3), floats(5, 4), TRIPLE), case(floats(3), floats(4), TRIPLE),
    case(floats(0, 3), floats(0, 4), TRIPLE), case(floats(2, 5, 3), floats(2, 5, 4), TRIPLE),
    errors=(
        case(floats(5, 3), floats(4, 4), TRIPLE), case(floats(5, 2), floats(5, 4), TRIPLE),
        case(floats(5, 3), floats(5, 2), TRIPLE), case(floats(5, 3), floats(4), TRIPLE),
        case(floats(5, 3), floats(5, 4), TRIPLE, floats(3)),
    ),
)  # fmt: skip
