"""Rows for blocks of images as columns, and back."""

from op_table import case, floats, integers, row

F = "nn.functional."
row(
    F + "unfold",
    case(floats(2, 2, 4, 5), 2),
    case(floats(2, 4, 5), (2, 3), padding=1, stride=2),
    case(floats(1, 1, 5, 5), 2, 2, (1, 0), (1, 2)),
    case(floats(0, 2, 4, 5), 2),
    errors=(
        case(floats(5, 5), 2),
        case(floats(1, 1, 5, 5), 7),
        case(integers(1, 1, 5, 5), 2),
        case(floats(1, 1, 5, 5), 0),
        case(floats(1, 1, 5, 5), 2, stride=0),
        case(floats(1, 1, 5, 5), 2, dilation=0),
        case(floats(1, 1, 5, 5), 2, padding=-1),
        case(floats(1, 1, 5, 5), (2, 2, 2)),
    ),
)
row(
    F + "fold",
    case(floats(2, 4, 9), 4, 2),
    case(floats(8, 9), (4, 4), (2, 2)),
    case(floats(1, 6, 4), (4, 5), (2, 3), padding=(0, 1), stride=(2, 3)),
    case(floats(0, 4, 9), 4, 2),
    errors=(
        case(floats(1, 13, 16), (5, 5), 2),
        case(floats(1, 12, 15), (5, 5), 2),
        case(floats(12), (5, 5), 2),
        case(integers(1, 12, 16), (5, 5), 2),
        case(floats(1, 12, 16), (5, 5, 5), 2),
    ),
)
