"""Rows for sign, size and bounds."""

from op_table import booleans, case, distinct, exactly, floats, integers, row

ONE = (case(floats(3, 5)), case(floats(0, 3)), case(floats()), case(integers(7)))
NAN = exactly([1.0, float("nan"), 3.0, 2.0])
EVEN = exactly([1.0, 2.0, float("nan"), 2.0])
TWO = (case(distinct(3, 5), floats(3, 5)), case(floats(2, 1, 5), floats(3, 1)),
       case(integers(5), floats(5)), case(floats(0, 3), floats(3)))  # fmt: skip

for _name in ("abs", "sign", "sgn"):
    row(_name, *ONE, method=True, in_place=True, second=_name == "abs",
        errors=(case(booleans(3)),) if _name == "abs" else (),
        aliases=("absolute",) if _name == "abs" else ())  # fmt: skip
row("signbit", *ONE, case(exactly([0.0, -0.0])), case(booleans(3)), method=True)
row("copysign", *TWO, case(floats(5), -2.0), case(integers(3), 1), method=True,
    in_place=True)  # fmt: skip
for _name in ("maximum", "minimum"):
    row(_name, *TWO, errors=(case(floats(3), 1.0), case(floats(3), floats(2))),
        method=True)  # fmt: skip
for _name in ("fmax", "fmin"):
    row(_name, *TWO, errors=(case(floats(3), floats(2)),), method=True)
row(
    "clamp", case(floats(3, 5), -0.5, 1), case(floats(7), max=0.3), case(floats(7), 1, 0),
    case(floats(7), floats(7)), case(floats(3, 5), floats(5), floats(3, 1)),
    case(floats(7), None, floats(1)), case(integers(7), 0.5), case(integers(7), 0, 2),
    errors=(case(floats(3)),), method=True, in_place=True, aliases=("clip",),
)  # fmt: skip
row("clamp_min", case(floats(7), 0.5), case(floats(7), floats(7)), method=True,
    in_place=True)  # fmt: skip
row("clamp_max", case(floats(7), 0.5), case(floats(7), floats(7)), method=True,
    in_place=True)  # fmt: skip
