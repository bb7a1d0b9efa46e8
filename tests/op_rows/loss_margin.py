"""Rows for losses that ask for a margin."""

from op_table import case, exactly, floats, integers, row

F = "nn.functional."
PAIR = floats(3, 5), floats(3, 5)
SIGNS = exactly([[1, -1, 1, 1, -1]] * 3, "int64")
THREE = exactly([1, -1, 1], "int64")
LABELS = exactly([0, 4, 2], "int64")
ALL = ("mean", "sum", "none")

row(F + "hinge_embedding_loss",
    *(case(floats(3, 5), SIGNS, 0.7, reduction=r) for r in ALL),
    case(floats(3, 5), exactly([1, 0, -1, 1, 1], "int64")),
    errors=(case(floats(3, 5), floats(4, 5)),))  # fmt: skip
row(F + "margin_ranking_loss",
    *(case(*PAIR, SIGNS, 0.3, reduction=r) for r in ALL),
    errors=(case(*PAIR, floats(5)), case(floats(3), floats(3), floats(2))))  # fmt: skip
row(F + "soft_margin_loss", *(case(floats(3, 5), SIGNS, reduction=r) for r in ALL),
    case(floats(3, 5), floats(3, 5, grad=False)), errors=(case(floats(3, 5), floats(4, 5)),))  # fmt: skip
row(
    F + "multi_margin_loss",
    *(case(floats(3, 5), LABELS, reduction=r) for r in ALL),
    case(floats(3, 5), LABELS, 2, 0.7, floats(5, low=0.1, grad=False)),
    case(floats(5), exactly(1, "int64")),
    grad_name=False,
    errors=(
        case(floats(3, 5), exactly([0, 1], "int64")),
        case(floats(3, 5), exactly([0, 1, 9], "int64")),
        case(floats(3, 5), LABELS, 3),
        case(floats(3, 5), LABELS, weight=floats(4)),
        case(floats(2, 3, 4), exactly([0, 1], "int64")),
        case(integers(3, 5), LABELS),
    ),
)
MANY = exactly([[0, 3, -1, 1, 2], [4, 1, 0, 2, 3], [-1, 0, 0, 0, 0]], "int64")
row(
    F + "multilabel_margin_loss",
    *(case(floats(3, 5), MANY, reduction=r) for r in ALL),
    case(floats(5), exactly([0, 1, -1, 2, 3], "int64")),
    grad_name=False,
    errors=(
        case(floats(3, 5), integers(3, 4)),
        case(floats(3, 5), exactly([[9] * 5] * 3, "int64")),
        case(floats(3, 5), floats(3, 5)),
    ),
)
row(F + "multilabel_soft_margin_loss",
    *(case(floats(3, 5), floats(3, 5, low=0), reduction=r) for r in ALL),
    case(*PAIR, floats(5, low=0.1)),
    errors=(case(floats(3, 5), floats(4, 5)),))  # fmt: skip
row(
    F + "triplet_margin_loss",
    *(case(*PAIR, floats(3, 5), reduction=r) for r in ALL),
    case(*PAIR, floats(3, 5), 2.0, 3, swap=True),
    case(floats(5), floats(5), floats(5)),
    errors=(
        case(floats(3, 5), floats(5), floats(3, 5)),
        case(*PAIR, floats(3, 5), -1),
    ),
)
row(
    F + "triplet_margin_with_distance_loss",
    *(case(*PAIR, floats(3, 5), reduction=r) for r in ALL),
    case(*PAIR, floats(3, 5), margin=2.0, swap=True),
    errors=(
        case(floats(3, 5), floats(5), floats(3, 5)),
        case(*PAIR, floats(3, 5), margin=-1),
    ),
)
row(
    F + "cosine_embedding_loss",
    *(case(*PAIR, THREE, 0.1, reduction=r) for r in ALL),
    case(floats(5), floats(5), exactly(-1, "int64")),
    errors=(
        case(*PAIR, exactly([1, -1], "int64")),
        case(*PAIR, integers(3, 1)),
        case(floats(5), floats(5), exactly([1], "int64")),
        case(floats(3, 5), floats(3, 4), THREE),
    ),
)
