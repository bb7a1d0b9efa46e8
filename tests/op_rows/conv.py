"""Rows for convolution."""

from op_table import case, floats, integers, row

F = "nn.functional."
row(
    F + "conv1d",
    case(floats(2, 2, 7), floats(3, 2, 3), floats(3)),
    case(floats(2, 7), floats(3, 2, 3)),
    case(floats(1, 4, 7), floats(2, 2, 3), None, 2, 1, 2, 2),
    case(floats(1, 2, 5), floats(3, 2, 4), padding="same"),
    case(floats(0, 2, 5), floats(3, 2, 4)),
    errors=(
        case(floats(5), floats(2, 3, 3)),
        case(floats(1, 3, 2), floats(2, 3, 3)),
        case(floats(1, 3, 5), floats(3)),
    ),
)
row(
    F + "conv2d",
    case(floats(2, 2, 5, 7), floats(3, 2, 3, 2), floats(3)),
    case(floats(2, 5, 7), floats(3, 2, 3, 3)),
    case(floats(1, 4, 7, 5), floats(2, 2, 3, 3), None, 2, (1, 2), (2, 1), 2),
    case(floats(1, 2, 4, 5), floats(2, 2, 2, 3), floats(2), padding="same"),
    case(floats(1, 2, 5, 5), floats(2, 2, 3, 3), None, [2], padding="valid"),
    case(floats(0, 2, 5, 5), floats(2, 2, 3, 3), floats(2)),
    case(integers(1, 2, 4, 4), integers(2, 2, 3, 3)),
    errors=(
        case(floats(1, 3, 5, 5), floats(2, 4, 3, 3)),
        case(floats(5), floats(2, 3, 3, 3)),
        case(floats(1, 3, 5, 5), floats(2, 3)),
        case(floats(1, 3, 5, 5), floats(2, 3, 3, 3, kind="float32")),
        case(floats(1, 3, 5, 5), floats(2, 3, 3, 3), floats(2, kind="float32")),
        case(floats(1, 3, 5, 5), floats(2, 3, 3, 3), floats(3)),
        case(floats(1, 3, 5, 5), floats(2, 3, 3, 3), stride=0),
        case(floats(1, 3, 5, 5), floats(2, 3, 3, 3), padding=-1),
        case(floats(1, 3, 5, 5), floats(2, 3, 3, 3), dilation=0),
        case(floats(1, 3, 5, 5), floats(2, 3, 3, 3), groups=0),
        case(floats(1, 3, 5, 5), floats(2, 3, 3, 3), groups=2),
        case(floats(1, 3, 5, 5), floats(2, 1, 3, 3), groups=3),
        case(floats(1, 4, 5, 5), floats(3, 2, 3, 3), groups=2),
        case(floats(1, 3, 5, 5), floats(2, 3, 7, 7)),
        case(floats(1, 3, 5, 5), floats(2, 3, 3, 3), padding="full"),
        case(floats(1, 3, 5, 5), floats(2, 3, 3, 3), padding="same", stride=2),
        case(floats(1, 3, 5, 5), floats(2, 3, 3, 3), padding=(1, 1, 1)),
        case(floats(1, 3, 5, 5), floats(2, 3, 3, 3), stride=(1, 1, 1)),
        case(floats(1, 3, 0, 5), floats(2, 3, 3, 3), padding=2),
        case(floats(1, 3, 5, 5), floats(2, 3, 0, 3)),
    ),
)
row(
    F + "conv3d",
    case(floats(1, 2, 3, 4, 3), floats(2, 2, 2, 2, 2), floats(2)),
    case(floats(2, 3, 3, 4), floats(2, 1, 2, 2, 3), None, (1, 2, 1), 1, 1, 2),
    errors=(case(floats(1, 3, 5), floats(2, 3, 3, 3, 3)),),
)
