"""Rows for convolution."""

from op_table import case, floats, row

row(
    "nn.functional.conv2d",
    case(floats(2, 2, 5, 7), floats(3, 2, 3, 2), floats(3)),
    case(floats(2, 5, 7), floats(3, 2, 3, 3)),
    case(floats(1, 4, 7, 5), floats(2, 2, 3, 3), None, 2, (1, 2), (2, 1), 2),
    errors=(case(floats(1, 3, 5, 5), floats(2, 4, 3, 3)),),
)
