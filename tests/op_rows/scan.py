"""Rows for running totals."""

from op_table import case, distinct, exactly, floats, integers, row

CASES = (case(floats(3, 5), 1), case(floats(2, 3, 5), 0), case(floats(), 0),
         case(floats(0, 3), 1))  # fmt: skip
OUTSIDE = case(floats(3, 5), 2)
ZEROS = exactly([[1.0, 0.0, 3.0, 0.0], [0.5, -2.0, 4.0, 1.0]])

row("cumsum", *CASES, case(integers(5), 0), errors=(OUTSIDE,), method=True,
    in_place=True)  # fmt: skip
row("cumprod", *CASES, case(ZEROS, 1), case(integers(5), 0), errors=(OUTSIDE,),
    method=True, in_place=True)  # fmt: skip
for _name in ("cummax", "cummin"):
    row(_name, case(distinct(3, 5), 1), case(distinct(2, 3, 5), 0), case(floats(), 0),
        case(integers(7, low=0, high=3), 0), errors=(OUTSIDE,), method=True)  # fmt: skip
row("logcumsumexp", case(floats(3, 5), 1), case(floats(7), 0), case(floats(), 0),
    errors=(OUTSIDE,), method=True, tolerance=1e-8)  # fmt: skip
row("diff", case(floats(7)), case(floats(3, 5), 2, 0), case(integers(5)),
    case(floats(3, 5), prepend=floats(3, 2), append=floats(3, 1)),
    case(floats(3), 5), errors=(case(floats()), case(floats(3), -1)), method=True)  # fmt: skip
for _name in ("trapezoid", "cumulative_trapezoid"):
    row(_name, case(floats(3, 5)), case(floats(3, 5), dim=0), case(floats(7), dx=0.5),
        case(floats(3, 5), floats(5)), case(floats(3, 5), floats(3, 5)),
        aliases=("trapz",) if _name == "trapezoid" else (), grad_name=False)  # fmt: skip
row("gradient", case(floats(5)), case(floats(3, 5), spacing=0.5, edge_order=2),
    case(floats(3, 5), dim=1, spacing=(exactly([0, 1, 3, 4, 9], "int64"),)),
    case(floats(3, 4), dim=0), errors=(case(floats(1)), case(floats(3), edge_order=3)),
    grad_name=False, tolerance=1e-6)  # fmt: skip
