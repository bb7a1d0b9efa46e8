"""Rows for transposed convolution."""

from op_table import case, floats, row

F = "nn.functional."
row(
    F + "conv_transpose1d",
    case(floats(2, 2, 5), floats(2, 3, 3), floats(3)),
    case(floats(2, 5), floats(2, 3, 3), None, 2, 1, 1),
    errors=(case(floats(1, 3, 5), floats(3, 2, 3), output_padding=2),),
)
row(
    F + "conv_transpose2d",
    case(floats(2, 2, 3, 4), floats(2, 3, 3, 2), floats(3)),
    case(floats(2, 3, 4), floats(2, 3, 3, 2)),
    case(floats(1, 4, 3, 3), floats(4, 1, 3, 3), None, (2, 3), (1, 0), (1, 2), 2, 2),
    case(floats(1, 2, 3, 3), floats(2, 1, 2, 2), None, 1, 0, 2, 1, 3),
    case(floats(0, 2, 3, 3), floats(2, 1, 2, 2), floats(1)),
    errors=(
        case(floats(1, 3, 5, 5), floats(2, 3, 3, 3)),
        case(floats(5), floats(3, 2, 3, 3)),
        case(floats(1, 3, 5, 5), floats(3, 2, 3, 3), output_padding=2),
        case(floats(1, 3, 5, 5), floats(3, 2, 3, 3), output_padding=-1),
        case(floats(1, 3, 5, 5), floats(3, 2, 3, 3), floats(3)),
        case(floats(1, 3, 5, 5), floats(3, 2, 3, 3), groups=2),
        case(floats(1, 3, 1, 1), floats(3, 2, 1, 1), padding=1),
        case(floats(1, 3, 5, 5), floats(3, 2, 3, 3, kind="float32")),
    ),
)
row(
    F + "conv_transpose3d",
    case(floats(1, 2, 2, 3, 2), floats(2, 2, 2, 2, 2), floats(2), 2, 1, 1),
    errors=(case(floats(1, 3, 2, 2, 2), floats(3, 2, 3, 3, 3), output_padding=2),),
)
