"""Rows for pooling of other kinds."""

from op_table import case, distinct, exactly, floats, integers, row

F = "nn.functional."
row(F + "lp_pool1d", case(floats(2, 3, 7, low=0.5), 2.0, 2),
    case(floats(3, 7, low=0.5), 3.0, 3, 2, True))  # fmt: skip
row(F + "lp_pool2d", case(floats(1, 3, 4, 5, low=0.5), 2.0, 2),
    case(floats(3, 5, 5, low=0.5), 3.0, (3, 2), 2, True))  # fmt: skip
row(F + "lp_pool3d", case(floats(1, 2, 2, 3, 4, low=0.5), 2.0, 2))
row(
    F + "max_unpool1d",
    case(floats(1, 2, 2), exactly([[[0, 3], [1, 2]]], "int64"), 2),
    case(floats(2, 2), exactly([[0, 3], [1, 2]], "int64"), 2, output_size=(5,)),
)
INDICES = exactly([[[[0, 3], [9, 14]]]], "int64")
row(
    F + "max_unpool2d",
    case(floats(1, 1, 2, 2), INDICES, 2),
    case(floats(1, 1, 2, 2), INDICES, 2, output_size=(1, 1, 5, 5)),
    case(floats(1, 2, 2), exactly([[[0, 3], [9, 14]]], "int64"), (2, 2), 2),
    errors=(
        case(floats(1, 1, 2, 2), exactly([[[[0, 3], [9, 99]]]], "int64"), 2),
        case(floats(1, 1, 2, 2), exactly([[[0, 3], [9, 1]]], "int64"), 2),
        case(floats(1, 1, 2, 2), integers(1, 1, 2, 2, low=0, kind="int32"), 2),
        case(floats(1, 1, 2, 2), INDICES, 2, output_size=(9, 9)),
        case(floats(1, 1, 2, 2), INDICES, 2, output_size=(5,)),
        case(floats(2, 2), INDICES, 2),
    ),
)
row(F + "max_unpool3d",
    case(floats(1, 1, 1, 1, 2), exactly([[[[[5, 10]]]]], "int64"), 2))  # fmt: skip
SAMPLES = exactly([[[0.1, 0.8], [0.6, 0.3]]])
row(
    F + "fractional_max_pool2d",
    case(distinct(1, 2, 6, 5), 2, 3, _random_samples=exactly(SAMPLES.values, grad=False)),
    case(distinct(2, 6, 5), 2, None, (0.7, 0.7), True,
         _random_samples=exactly(SAMPLES.values, grad=False)),
    errors=(case(floats(1, 2, 5, 5), 2), case(floats(1, 2, 3, 3), 2, 3)),
)  # fmt: skip
row(
    F + "fractional_max_pool3d",
    case(distinct(1, 1, 4, 5, 4), 2, 2,
         _random_samples=exactly([[[0.1, 0.8, 0.4]]], grad=False)),
    errors=(case(floats(1, 2, 5, 5, 5), 2), case(floats(1, 2, 4, 4, 4), 2, 3)),
)  # fmt: skip
