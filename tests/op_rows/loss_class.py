"""Rows for losses of classification."""

from op_table import booleans, case, exactly, floats, integers, row

F = "nn.functional."
LABELS = exactly([0, 4, 2], "int64")
IGNORED = exactly([0, -100, 2], "int64")
WEIGHT = floats(5, low=0.1, grad=False)
PLANES = integers(2, 2, 2, low=0, high=3)
CASES = (
    case(floats(3, 5), LABELS),
    case(floats(3, 5), LABELS, reduction="sum"),
    case(floats(3, 5), IGNORED, reduction="none"),
    case(floats(3, 5), IGNORED, WEIGHT),
    case(floats(3, 5), LABELS, WEIGHT, ignore_index=4, reduction="sum"),
    case(floats(5), exactly(2, "int64")),
    case(floats(5), exactly([2], "int64"), reduction="none"),
    case(floats(2, 3, 4), integers(2, 4, low=0, high=3)),
    case(floats(2, 3, 4), integers(2, 4, low=0, high=3), reduction="none"),
    case(floats(2, 3, 2, 2), PLANES),
    case(floats(2, 3, 2, 2), PLANES, reduction="none"),
    case(floats(1, 3, 2, 2, 2), integers(1, 2, 2, 2, low=0, high=3)),
    case(floats(0, 5), integers(0)),
    case(floats(3, 5), integers(3, low=0, high=5, kind="uint8")),
)
ERRORS = (
    case(floats(3, 5), exactly([0, 7, 1], "int64")),
    case(floats(3, 5), exactly([0, -1, 1], "int64")),
    case(floats(3, 5), exactly([0, 1], "int64")),
    case(floats(3, 5), floats(3)),
    case(floats(3, 5), integers(3, kind="int32")),
    case(floats(3, 5), booleans(3)),
    case(floats(3, 5), LABELS, floats(4)),
    case(floats(3, 5), LABELS, floats(5, kind="float32")),
    case(floats(3, 5), integers(3, 1)),
    case(floats(2, 3, 4, 4), integers(2, 4, 5)),
    case(floats(2, 3, 4, 4), integers(2, 4)),
    case(floats(2, 3, 2, 2), exactly([[[9] * 2] * 2] * 2, "int64")),
    case(floats(2, 3, 4), integers(2, 5)),
    case(floats(3, 5), LABELS, reduction="no"),
    case(integers(3, 5), LABELS),
)
row(F + "nll_loss", *CASES, errors=(*ERRORS, case(floats(), integers(1))))
SOFT = floats(3, 5, low=0, high=1)
row(
    F + "cross_entropy",
    *CASES,
    case(floats(3, 5), LABELS, label_smoothing=0.2),
    case(floats(3, 5), IGNORED, WEIGHT, label_smoothing=0.2),
    case(floats(3, 5), IGNORED, WEIGHT, label_smoothing=0.2, reduction="none"),
    case(floats(2, 3, 4), integers(2, 4, low=0, high=3), label_smoothing=0.2),
    case(floats(3, 5), SOFT),
    case(floats(3, 5), SOFT, WEIGHT, reduction="none"),
    case(floats(3, 5), SOFT, label_smoothing=0.1, reduction="sum"),
    case(floats(5), floats(5)),
    case(floats(2, 3, 4), floats(2, 3, 4)),
    errors=(
        *ERRORS,
        case(floats(), integers(1)),
        case(floats(3, 5), SOFT, ignore_index=2),
        case(floats(3, 5), integers(3, 5)),
        case(floats(3, 5), LABELS, label_smoothing=2.0),
    ),
)
CHANCES = floats(3, 5, low=0.1, high=0.9)
row(
    F + "binary_cross_entropy",
    case(CHANCES, SOFT),
    case(CHANCES, SOFT, reduction="sum"),
    case(CHANCES, SOFT, WEIGHT, reduction="none"),
    case(exactly([0.0, 1.0], grad=False), exactly([1.0, 0.0], grad=False)),
    errors=(
        case(CHANCES, floats(5)),
        case(floats(3, low=1.1), floats(3, low=0, high=1)),
        case(floats(3, low=0, high=1), floats(3, low=1.1)),
        case(CHANCES, floats(3, 5, kind="float32")),
        case(exactly([float("nan")]), exactly([1.0])),
    ),
)
row(
    F + "binary_cross_entropy_with_logits",
    case(floats(3, 5), SOFT),
    case(floats(3, 5), SOFT, reduction="sum"),
    case(floats(3, 5), SOFT, WEIGHT, reduction="none"),
    case(floats(3, 5), SOFT, pos_weight=WEIGHT),
    case(exactly([-300.0, 300.0]), floats(2)),
    errors=(
        case(floats(3, 5), floats(5)),
        case(floats(3, 5), integers(3, 5)),
        case(integers(3, 5), integers(3, 5)),
        case(floats(3, 5), SOFT, pos_weight=floats(4)),
    ),
)
