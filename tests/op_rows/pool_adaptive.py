"""Rows for pooling to a given size."""

from op_table import case, distinct, floats, integers, row

F = "nn.functional."
row(
    F + "adaptive_avg_pool1d",
    case(floats(2, 3, 7), 3),
    case(floats(3, 7), [1]),
    errors=(case(floats(5), 2), case(floats(1, 5), (1, 2)), case(integers(1, 5), 2)),
)
row(
    F + "adaptive_avg_pool2d",
    case(floats(2, 3, 5, 7), 3),
    case(floats(3, 5, 7), (2, None)),
    case(floats(1, 3, 5, 7), 1),
    case(floats(0, 3, 5, 7), 2),
    case(floats(1, 3, 2, 2), 3),
    case(floats(1, 3, 2, 2, grad=False), 0),
    errors=(
        case(floats(5), 2),
        case(floats(1, 3, 5, 5), (1, 2, 3)),
        case(integers(1, 3, 5, 5), 2),
        case(floats(1, 3, 0, 5), 2),
        case(floats(1, 3, 5, 5), -1),
    ),
)
row(
    F + "adaptive_avg_pool3d",
    case(floats(1, 2, 3, 4, 5), (2, 1, 3)),
    case(floats(2, 3, 4, 5), 1),
    errors=(case(floats(5), 2), case(floats(1, 1, 0, 2, 2), 2)),
)
row(
    F + "adaptive_max_pool1d",
    case(distinct(2, 3, 7), 3),
    case(distinct(3, 7), 2, return_indices=True),
    errors=(case(floats(5), 2),),
)
row(
    F + "adaptive_max_pool2d",
    case(distinct(2, 3, 5, 7), 3),
    case(distinct(3, 5, 7), (2, None), return_indices=True),
    case(distinct(0, 3, 5, 7), 2),
    errors=(
        case(floats(5), 2),
        case(floats(1, 3, 5, 5), (1, 2, 3)),
        case(integers(1, 3, 5, 5), 2),
        case(floats(1, 3, 0, 5), 2),
        case(floats(1, 3, 5, 5), -1),
    ),
)
row(
    F + "adaptive_max_pool3d",
    case(distinct(1, 2, 3, 4, 5), (2, 1, 3), return_indices=True),
    errors=(case(floats(5), 2),),
)
