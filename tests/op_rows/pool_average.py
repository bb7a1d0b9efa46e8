"""Rows for the average of sliding windows."""

from op_table import case, floats, integers, row

F = "nn.functional."
row(
    F + "avg_pool1d",
    case(floats(2, 3, 7), 2),
    case(floats(3, 7), 3, 2, 1, True, False),
    case(integers(1, 3, 7), 2),
    errors=(
        case(floats(5), 2),
        case(floats(1, 2, 3), 5),
        case(floats(1, 2, 3), 2, padding=2),
        case(floats(1, 2, 3), (2, 2)),
        case(floats(1, 2, 3), 0),
    ),
)
row(
    F + "avg_pool2d",
    case(floats(2, 3, 6, 5), 2),
    case(floats(3, 5, 7), (3, 2), (2, 1), (1, 0), True),
    case(floats(1, 2, 5, 5), 3, 2, 1, True, False),
    case(floats(1, 2, 5, 5), 2, divisor_override=3),
    case(floats(0, 2, 4, 4), 2),
    case(integers(1, 2, 4, 4), 2),
    errors=(
        case(floats(1, 1, 2, 2), 3),
        case(floats(1, 1, 4, 4), 2, padding=2),
        case(floats(1, 1, 4, 4), 2, 0),
        case(floats(1, 1, 4, 4), 0),
        case(floats(1, 1, 4, 4), 2, padding=-1),
        case(floats(5, 5), 2),
        case(floats(1, 1, 5, 5), (2, 2, 2)),
        case(floats(1, 1, 5, 5), 2, divisor_override=0),
        case(floats(1, 1, 0, 5), 2),
    ),
)
row(
    F + "avg_pool3d",
    case(floats(1, 2, 3, 4, 3), 2),
    case(floats(2, 3, 4, 3), (1, 3, 2), 1, (0, 1, 1), True, False),
    errors=(case(floats(3), 5), case(floats(1, 2, 3, 3, 3), 2, divisor_override=0)),
)
