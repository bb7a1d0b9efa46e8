"""Rows for losses of sequences."""

from op_table import case, exactly, floats, integers, row

TEXTS = exactly([[1, 2, 2], [3, 1, 4]], "int64")
ROW = exactly([1, 2, 2, 3, 1], "int64")
LENGTHS = exactly([6, 5], "int64"), exactly([3, 2], "int64")
SHORT = exactly([6, 2], "int64"), exactly([3, 3], "int64")

row(
    "nn.functional.ctc_loss",
    *(case(floats(6, 2, 5), TEXTS, *LENGTHS, reduction=r) for r in ("mean", "sum")),
    case(floats(6, 2, 5), TEXTS, *LENGTHS, reduction="none"),
    case(floats(6, 2, 5), ROW, (6, 5), (3, 2), 4),
    case(floats(6, 2, 5), TEXTS, *SHORT, zero_infinity=True),
    case(floats(6, 2, 5, grad=False), TEXTS, *SHORT, reduction="none"),
    case(floats(6, 2, 5), TEXTS, (0, 4), (0, 0)),
    case(floats(6, 5), exactly([2, 1], "int64"), (6,), (2,)),
    # PyTorch's gradient is that of the scores before log_softmax.
    agreed=tuple(range(8)), second=False,
    errors=(
        case(floats(6, 2, 5), TEXTS, *LENGTHS, blank=5),
        case(floats(6, 2, 5), TEXTS, (6, 5), (3, 4)),
        case(floats(6, 2, 5), TEXTS, (7, 5), (3, 2)),
        case(floats(6, 2, 5), TEXTS, (6, -1), (3, 2)),
        case(floats(6, 2, 5), TEXTS, exactly([7], "int64"), LENGTHS[1]),
        case(floats(6, 2, 5), TEXTS, *LENGTHS[:1], exactly([3], "int64")),
        case(floats(6, 2, 5), TEXTS, floats(2), LENGTHS[1]),
        case(floats(6, 2, 5), integers(4), (6, 5), (3, 2)),
        case(integers(6, 2, 5), TEXTS, *LENGTHS),
        case(floats(6, 2, 5), TEXTS, *LENGTHS, reduction="no"),
    ),
    own_errors=(
        (case(floats(6, 2, 5), exactly([[1, 9]] * 2, "int64"), (6, 5), (2, 2)),
         IndexError, "targets must be classes from 0 to 4"),
    ),
)  # fmt: skip
