"""Rows for circular and hyperbolic functions."""

from op_table import case, floats, integers, row

ANY = (case(floats(3, 5)), case(floats(0, 3)), case(floats()), case(integers(5)))
INSIDE = (case(floats(3, 5, low=-0.9, high=0.9)), case(floats(0, 3)),
          case(integers(5, low=-1, high=2)))  # fmt: skip

for _name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "deg2rad", "rad2deg"):
    row(_name, *ANY, method=True, in_place=True)
for _name in ("atan", "asinh"):
    row(_name, *ANY, method=True, in_place=True, aliases=("arc" + _name[1:],))
for _name in ("asin", "acos", "atanh"):
    row(_name, *INSIDE, method=True, in_place=True, aliases=("arc" + _name[1:],))
row("acosh", case(floats(3, 5, low=1.1, high=3.0)), case(integers(5, low=2)),
    method=True, in_place=True, aliases=("arccosh",))  # fmt: skip
BINARY = (case(floats(3, 5), floats(3, 5)), case(floats(2, 1, 5), floats(3, 1)),
          case(floats(0, 3), floats(3)), case(floats(), floats(4)))  # fmt: skip
MISFIT = case(floats(3, 5), floats(3, 4))
row("atan2", *BINARY, case(integers(5), integers(5)), errors=(MISFIT,), method=True,
    in_place=True, aliases=("arctan2",))  # fmt: skip
row("hypot", *BINARY, errors=(MISFIT, case(integers(3), integers(3))), method=True,
    in_place=True)  # fmt: skip
