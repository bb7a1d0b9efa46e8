"""Rows for reductions."""

from op_table import case, floats, integers, row

CASES = (
    case(floats(3, 5)), case(floats(3, 5), 1), case(floats(2, 3, 5), (0, 2), True),
    case(floats()), case(floats(0, 3), 1),
)  # fmt: skip
OUTSIDE = case(floats(3, 5), 2)

row("sum", *CASES, case(integers(3, 5)), errors=(OUTSIDE,), method=True)
row("mean", *CASES, errors=(OUTSIDE, case(integers(3))), method=True)
