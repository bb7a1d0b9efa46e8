"""Rows for the largest and the smallest element."""

from op_table import booleans, case, distinct, exactly, floats, integers, row

CASES = (case(distinct(3, 5)), case(distinct(3, 5), 1), case(distinct(2, 3, 5), 0, True),
         case(floats()), case(floats(), 0), case(integers(7)))  # fmt: skip
SEVERAL = (case(distinct(3, 5)), case(distinct(3, 5), 1),
           case(distinct(2, 3, 5), (0, 2), True), case(floats()))  # fmt: skip
TIES = exactly([[1.0, 3.0, 3.0], [2.0, float("nan"), 5.0]])
NONE = (case(floats(0)), case(floats(0, 3), 0), case(floats(3, 5), 2))

for _name in ("max", "min"):
    row(_name, *CASES, case(distinct(5), floats(5)), errors=NONE, method=True)
    row("Tensor." + _name, case(TIES), case(TIES, 1), gradient=False)
for _name in ("amax", "amin"):
    row(_name, *SEVERAL, case(integers(3, 5), 1), errors=NONE, method=True)
    row("Tensor." + _name, case(TIES, 1), gradient=False)
row("aminmax", case(distinct(3, 5)), case(distinct(3, 5), dim=1), case(floats()),
    errors=(case(floats(0)),), method=True)  # fmt: skip
for _name in ("argmax", "argmin"):
    row(_name, *CASES, case(TIES, 1), case(floats(3, 5), None, True),
        errors=(*NONE, case(booleans(3))), method=True)  # fmt: skip
