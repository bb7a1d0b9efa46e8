"""Rows for activation functions made of straight lines."""

from op_table import booleans, case, distinct, exactly, floats, integers, row

ELEMENTS = (case(distinct(3, 5)), case(floats(0, 3)), case(floats(low=1.0)))
F = "nn.functional."
nan = float("nan")

row("relu", *ELEMENTS, case(integers(7)), errors=(case(booleans(3)),), method=True,
    in_place=True)  # fmt: skip
row(F + "relu6", *ELEMENTS, case(floats(7, low=-9, high=9)), case(integers(7)),
    errors=(case(booleans(3)),))  # fmt: skip
row(F + "leaky_relu", *ELEMENTS, case(distinct(7), 0.3), case(exactly([nan, 0.0], grad=False)),
    errors=(case(integers(3)),))  # fmt: skip
row("threshold", case(distinct(7), 0.5, 3.0), case(integers(7), 2, 9),
    case(exactly([nan, 0.5, 1.0], grad=False), 0.5, 2.0), errors=(case(booleans(3), 1, 2),))  # fmt: skip
row(
    F + "hardtanh",
    *ELEMENTS,
    case(distinct(7), -0.7, 0.2),
    case(integers(7), -2, 3),
    case(integers(5, low=0, kind="uint8"), 1, 3),
    errors=(
        case(booleans(3)),
        case(floats(3), 2.0, 1.0),
        case(integers(3, low=0, kind="uint8"), -1, 3),
    ),
)
row(
    "prelu",
    case(distinct(5, 3), floats(3)),
    case(distinct(2, 3, 5), floats(3)),
    case(distinct(7), floats(1)),
    case(distinct(3, 2), floats()),
    case(floats(low=1.0), floats(1)),
    case(floats(0, 3), floats(3)),
    errors=(
        case(floats(2, 3), floats(2)),
        case(floats(), floats(2)),
        case(floats(2, 3), floats(3, kind="float32")),
        case(integers(2, 3), integers(1)),
    ),
    method=True,
)
row(
    "rrelu",
    *ELEMENTS,
    case(distinct(7), 0.2, 0.6),
    errors=(
        case(floats(3), 2.0, 1.0),
        case(floats(3), float("inf"), 1.0),
        case(integers(3)),
    ),
)
row("hardshrink", *ELEMENTS, case(distinct(7), 1.1), case(exactly([nan, 0.5], grad=False)),
    errors=(case(integers(3)),), method=True)  # fmt: skip
row(
    F + "softshrink",
    *ELEMENTS,
    case(distinct(7), 1.1),
    case(exactly([nan, 0.5], grad=False)),
    errors=(case(integers(3)), case(floats(3), -1.0)),
)
row(F + "hardsigmoid", *ELEMENTS, case(distinct(7, low=-5, high=5)),
    errors=(case(integers(3)),), tolerance=1e-7)  # fmt: skip
row(F + "hardswish", *ELEMENTS, case(distinct(7, low=-5, high=5)),
    errors=(case(integers(3)),))  # fmt: skip
