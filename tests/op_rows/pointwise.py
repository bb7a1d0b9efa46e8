"""Rows for functions of two or three tensors."""

from op_table import booleans, case, exactly, floats, integers, row

WEIRD = exactly([float("nan"), float("inf"), -float("inf"), 2.5])
THREE = (case(floats(3, 5), floats(3, 5), floats(3, 5, low=0.5)),
         case(floats(2, 1, 5), floats(3, 1), floats(5, low=0.5), value=2.5))  # fmt: skip
WHOLE = case(integers(7), integers(7))

row("addcmul", *THREE, case(integers(5), integers(5), integers(5), value=2),
    errors=(case(floats(3), floats(2), floats(3)),), method=True, in_place=True)  # fmt: skip
row("addcdiv", *THREE, errors=(case(integers(3), integers(3), integers(3)),),
    method=True, in_place=True)  # fmt: skip
row("lerp", case(floats(3, 5), floats(3, 5), 0.3), case(floats(5), floats(3, 1), 0.8),
    case(floats(3, 5), floats(3, 5), floats(5)),
    errors=(case(floats(3), integers(3), 0.5),), method=True, in_place=True)  # fmt: skip
row("heaviside", case(exactly([-1.0, 0.0, 2.0]), floats(1)), case(integers(7), integers(7)),
    errors=(case(floats(3), integers(3)),), gradient=False, method=True,
    in_place=True)  # fmt: skip
row("nan_to_num", case(floats(3, 5)), case(integers(3)), method=True, in_place=True)
row("Tensor.nan_to_num", case(WEIRD), case(WEIRD, 1.0, 2.0, -2.0), gradient=False)
row("ldexp", case(floats(5), floats(5)), case(floats(3, 1), integers(5, low=0)), method=True,
    in_place=True)  # fmt: skip
row("frexp", case(floats(3, 5)), errors=(case(integers(3)),), second=False, method=True)
for _name in ("gcd", "lcm"):
    row(_name, WHOLE, case(integers(2, 1, 5), integers(3, 1)),
        errors=(case(floats(3), floats(3)), case(booleans(2), booleans(2))),
        method=True, in_place=True)  # fmt: skip
row("nextafter", case(floats(5), floats(5)), errors=(WHOLE,), gradient=False,
    method=True, in_place=True)  # fmt: skip
