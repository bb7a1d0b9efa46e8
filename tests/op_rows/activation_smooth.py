"""Rows for smooth activation functions."""

from op_table import booleans, case, distinct, exactly, floats, integers, row

F = "nn.functional."
ELEMENTS = (
    case(distinct(3, 5)),
    case(floats(0, 3)),
    case(floats(low=1.0)),
    case(floats(3, kind="float32", grad=False)),
)
FAR = case(exactly([-300.0, -30.0, 30.0, 300.0]))

row(F + "elu", *ELEMENTS, FAR, case(distinct(7), 0.5), errors=(case(integers(3)),))
row("selu", *ELEMENTS, FAR, errors=(case(integers(3)),))
row("celu", *ELEMENTS, FAR, case(distinct(7), 0.5),
    errors=(case(integers(3)), case(floats(3), 0.0)))  # fmt: skip
row(F + "gelu", *ELEMENTS, FAR, case(distinct(7), approximate="tanh"),
    errors=(case(integers(3)), case(floats(3), approximate="no")))  # fmt: skip
row(F + "silu", *ELEMENTS, FAR, errors=(case(integers(3)),))
row(F + "mish", *ELEMENTS, FAR, errors=(case(integers(3)),))
row(F + "softplus", *ELEMENTS, FAR, case(distinct(7), 3.0, 1.5),
    errors=(case(integers(3)),))  # fmt: skip
row(F + "logsigmoid", *ELEMENTS, FAR, errors=(case(integers(3)),))
row(F + "softsign", *ELEMENTS, case(integers(5)), errors=(case(booleans(3)),))
row(F + "tanhshrink", *ELEMENTS, case(integers(5)), errors=(case(booleans(3)),))
row(
    F + "glu",
    case(floats(3, 6)),
    case(floats(4, 3), 0),
    case(floats(0, 6)),
    errors=(case(floats(3, 5)), case(floats()), case(integers(4))),
)
