"""Rows for arithmetic on elements."""

from op_table import booleans, case, floats, integers, row

SAME = case(floats(3, 5), floats(3, 5))
STRETCHED = case(floats(2, 1, 5), floats(3, 1))
EMPTY = case(floats(0, 3), floats(3))
SCALARS = case(floats(), floats(7))
NUMBER = case(floats(7), 2.5)
MIXED = case(integers(3, 5), floats(5))
WHOLE = case(integers(7), integers(7))
MISFIT = case(floats(3, 5), floats(3, 4))
BINARY = (SAME, STRETCHED, EMPTY, SCALARS, NUMBER, MIXED)
REAL = (case(floats(3, 5)), case(floats(0, 3)), case(floats()), case(floats(7, 1)))

row(
    "add", *BINARY, WHOLE, case(booleans(4), booleans(4)),
    case(floats(3), floats(3), alpha=2.5),
    errors=(MISFIT,), method=True, in_place=True,
)  # fmt: skip
row(
    "sub", *BINARY, WHOLE, case(floats(3), floats(3), alpha=2),
    errors=(MISFIT, case(booleans(3), booleans(3))),
    method=True, in_place=True, aliases=("subtract",),
)  # fmt: skip
row("rsub", SAME, NUMBER)
row(
    "mul", *BINARY, WHOLE, errors=(MISFIT,), method=True, in_place=True,
    aliases=("multiply",),
)  # fmt: skip
row(
    "div",
    case(floats(3, 5), floats(3, 5, low=0.5)),
    case(floats(2, 1, 5), floats(3, 1, low=0.5)),
    NUMBER,
    case(integers(7), integers(7, low=1)),
    case(floats(7), floats(7, low=0.5), rounding_mode="floor"),
    case(floats(7), floats(7, low=0.5), rounding_mode="trunc"),
    case(integers(7), integers(7, low=1), rounding_mode="trunc"),
    case(integers(7), integers(7, low=-4, high=0), rounding_mode="floor"),
    errors=(MISFIT, case(floats(3), floats(3), rounding_mode="up")),
    method=True, in_place=True, aliases=("divide", "true_divide"),
)  # fmt: skip
row("neg", *REAL, case(integers(5)), errors=(case(booleans(3)),), method=True,
    in_place=True, aliases=("negative",))  # fmt: skip
row("positive", case(floats(3)), errors=(case(booleans(3)),), method=True)
