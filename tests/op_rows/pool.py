"""Rows for the maximum of sliding windows."""

from op_table import booleans, case, distinct, exactly, floats, integers, row

F = "nn.functional."
row(
    F + "max_pool1d",
    case(distinct(2, 3, 7), 2),
    case(distinct(3, 7), 3, 2, 1, ceil_mode=True),
    case(distinct(1, 1, 7), 3, 1, 1, 2, return_indices=True),
    errors=(
        case(floats(5), 2),
        case(floats(1, 2, 3), 5),
        case(floats(1, 2, 3), 2, padding=2),
        case(integers(1, 2, 5), 2),
        case(floats(1, 2, 5), (2, 2)),
        case(floats(1, 2, 5), 2, 0),
        case(floats(1, 2, 5), 0),
        case(floats(1, 2, 5), 2, dilation=0),
    ),
)
row(
    F + "max_pool2d",
    case(distinct(2, 3, 6, 6), 2),
    case(distinct(3, 5, 7), (3, 2), (2, 1), (1, 0), ceil_mode=True),
    case(distinct(1, 1, 7, 7), 3, 2, 1, 2, return_indices=True),
    case(distinct(1, 2, 4, 4), 2, []),
    case(floats(0, 2, 4, 4), 2),
    case(integers(1, 2, 4, 4), 2),
    case(exactly([[[1.0, float("nan")], [float("-inf"), 2.0]]], grad=False), 1),
    case(
        exactly([[[float("-inf")] * 2] * 2], grad=False), 2, 1, 1, return_indices=True
    ),
    case(distinct(2, 2, 7, 5), (3, 2)),
    case(distinct(1, 1, 16, 17), 16),
    case(distinct(1, 2, 5, 4), 2, ceil_mode=True),
    errors=(
        case(floats(1, 1, 2, 2), 3),
        case(floats(1, 1, 4, 4), 2, padding=2),
        case(floats(1, 1, 4, 4), 2, 0),
        case(floats(1, 1, 4, 4), 0),
        case(floats(1, 1, 4, 4), 2, dilation=0),
        case(floats(1, 1, 4, 4), 2, padding=-1),
        case(floats(5, 5), 2),
        case(floats(1, 1, 1, 5, 5), 2),
        case(floats(1, 1, 5, 5), (2, 2, 2)),
        case(floats(1, 0, 5, 5), 2),
        case(booleans(1, 1, 5, 5), 2),
        case(floats(1, 1, 5, 5), 2, (1, 1, 1)),
    ),
)
row(
    F + "max_pool3d",
    case(distinct(1, 2, 3, 4, 3), 2),
    case(distinct(2, 3, 4, 3), (1, 3, 2), 1, (0, 1, 1), return_indices=True),
    case(floats(0, 2, 4, 4, 4), 2),
    errors=(
        case(floats(5, 5), 2),
        case(floats(1, 2, 3, 3, 3), 5),
        case(floats(1, 2, 3, 3, 3), 2, padding=2),
        case(floats(1, 2, 3, 3, 3), (2, 2)),
        case(floats(1, 2, 3, 3, 3), 2, 0),
    ),
)
