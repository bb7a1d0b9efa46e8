"""Rows for pooling."""

from op_table import case, distinct, floats, row

row(
    "nn.functional.max_pool2d",
    case(distinct(2, 3, 6, 6), 2),
    case(distinct(3, 5, 7), (3, 2), (2, 1), (1, 0), ceil_mode=True),
    case(distinct(1, 1, 7, 7), 3, 2, 1, 2, return_indices=True),
    errors=(case(floats(1, 1, 2, 2), 3), case(floats(1, 1, 4, 4), 2, padding=2)),
)
