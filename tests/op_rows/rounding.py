"""Rows for rounding and whole quotients."""

from op_table import booleans, case, exactly, floats, integers, row

HALVES = exactly([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5])
ONE = (case(floats(3, 5)), case(floats(0, 3)), case(floats()))
TWO = (
    case(floats(3, 5), floats(3, 5, low=0.5)),
    case(floats(2, 1, 5), floats(3, 1, low=0.5)), case(floats(7), 0.75),
    case(floats(7), -0.75), case(integers(7), integers(7, low=1)), case(integers(7), 3),
    case(integers(7), -3), case(floats(0, 3), floats(3)),
)  # fmt: skip
ZERO = (case(integers(3), 0), case(booleans(3), booleans(3)))

for _name in ("floor", "ceil", "trunc"):
    row(_name, *ONE, case(integers(5)), errors=(case(booleans(3)),), method=True,
        in_place=True, aliases=("fix",) if _name == "trunc" else ())  # fmt: skip
row("round", *ONE, case(integers(5)), case(floats(7), decimals=1),
    case(floats(7, low=-200, high=200), decimals=-1),
    errors=(case(booleans(3)), case(integers(3), decimals=1)), method=True,
    in_place=True)  # fmt: skip
row("Tensor.round", case(HALVES), gradient=False)
row("frac", *ONE, errors=(case(integers(3)),), method=True, in_place=True)
row("floor_divide", *TWO, errors=ZERO, gradient=False, method=True, in_place=True)
for _name in ("remainder", "fmod"):
    row(_name, *TWO, errors=ZERO, method=True, in_place=True)
