"""Rows for powers, roots, exponentials and logarithms."""

from op_table import case, floats, integers, row

REAL = (case(floats(3, 5)), case(floats(0, 3)), case(floats()), case(integers(5)))
POSITIVE = (
    case(floats(3, 5, low=0.5, high=3.0)), case(floats(0, 3)), case(floats(low=1.0)),
    case(integers(5, low=1)),
)  # fmt: skip

for _name in ("exp", "exp2", "expm1", "square"):
    row(_name, *REAL, method=True, in_place=True)
for _name in ("log", "log2", "log10", "log1p", "sqrt", "rsqrt", "reciprocal"):
    row(_name, *POSITIVE, method=True, in_place=True)
row(
    "pow",
    case(floats(3, 5, low=0.5), floats(3, 5)),
    case(floats(3, 5), 2), case(floats(3, 5), 3.0), case(floats(4), 0),
    case(integers(5), 2), case(2.5, floats(7)), case(integers(5), integers(5)),
    errors=(case(integers(3), -1),), method=True, in_place=True,
)  # fmt: skip
row("float_power", case(floats(3, low=0.5), 2), case(integers(3), integers(3)),
    case(2, floats(3)), method=True, in_place=True)  # fmt: skip
