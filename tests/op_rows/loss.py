"""Rows for losses between tensors of one shape."""

from op_table import case, exactly, floats, integers, row

F = "nn.functional."
PAIR = floats(3, 5), floats(3, 5)
REDUCTIONS = (
    case(*PAIR),
    case(*PAIR, reduction="sum"),
    case(*PAIR, reduction="none"),
    case(floats(0, 5), floats(0, 5)),
    case(floats(3, 5), floats(5)),
    case(floats(3, 5), integers(3, 5)),
)
WRONG = (
    case(floats(3), floats(3), reduction="middle"),
    case(floats(3, 5), floats(4, 5)),
)
WEIGHT = floats(3, 5, low=0.1, grad=False)

row(
    F + "mse_loss",
    *REDUCTIONS,
    case(*PAIR, weight=WEIGHT),
    case(*PAIR, weight=WEIGHT, reduction="none"),
    case(*PAIR, None, False),
    errors=(
        *WRONG,
        case(integers(3), integers(3)),
        case(floats(3, 5), floats(3, 5), weight=floats(5)),
    ),
)
row(F + "l1_loss", *REDUCTIONS, case(*PAIR, weight=WEIGHT, reduction="sum"),
    errors=WRONG)  # fmt: skip
row(
    F + "smooth_l1_loss",
    *REDUCTIONS,
    case(*PAIR, beta=0.7),
    case(*PAIR, beta=0.0),
    errors=(*WRONG, case(floats(3), floats(3), beta=-1.0)),
)
row(
    F + "huber_loss",
    *REDUCTIONS,
    case(*PAIR, delta=0.7),
    case(*PAIR, weight=WEIGHT),
    errors=(*WRONG, case(floats(3), floats(3), delta=0.0)),
)
CHANCES = floats(3, 5, low=0.1, high=1)
row(
    F + "kl_div",
    case(floats(3, 5), CHANCES),
    case(floats(3, 5), CHANCES, reduction="sum"),
    case(floats(3, 5), CHANCES, reduction="none"),
    case(floats(3, 5), CHANCES, reduction="batchmean"),
    case(floats(3, 5), floats(3, 5), log_target=True),
    case(floats(3), exactly([0.0, 0.5, 0.5], grad=False)),
    errors=(case(floats(3), integers(3)), case(floats(3), floats(3), reduction="no")),
)
row(
    F + "poisson_nll_loss",
    case(*PAIR),
    case(floats(3, 5, low=0.1), floats(3, 5), False),
    case(floats(3, 5), floats(3, 5, low=1.1, high=4), full=True, reduction="none"),
    case(floats(3), exactly([0.0, 1.0, 2.0], grad=False), full=True),
    case(*PAIR, reduction="sum"),
    errors=(case(floats(3), floats(3), reduction="no"),),
)
row(
    F + "gaussian_nll_loss",
    case(*PAIR, floats(3, 5, low=0.1)),
    case(*PAIR, floats(3, low=0.1)),
    case(*PAIR, floats(3, 1, low=0.1), full=True, reduction="none"),
    case(*PAIR, floats(1, 5, low=0.1)),
    case(*PAIR, 0.5, reduction="sum"),
    case(floats(2), floats(2), exactly([1e-9, 1.0], grad=False)),
    errors=(
        case(*PAIR, floats(3, 5, low=-2, high=-1)),
        case(*PAIR, -0.5),
        case(*PAIR, floats(4, low=0.1)),
        case(*PAIR, 0.5, reduction="no"),
    ),
)
