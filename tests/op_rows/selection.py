"""Rows for selecting by rank or frequency."""

from op_table import case, distinct, exactly, floats, integers, row

CASES = (case(distinct(3, 5)), case(distinct(3, 4), 1), case(distinct(2, 3, 5), 0, True),
         case(floats()), case(floats(), 0))  # fmt: skip
NAN = exactly([[1.0, float("nan"), 3.0], [2.0, 0.0, 5.0]])

for _name in ("median", "nanmedian"):
    row(_name, *CASES, errors=(case(floats(3), 1),), method=True)
    row("Tensor." + _name, case(NAN, 1), case(NAN), gradient=False)
row("Tensor.mode", case(exactly([[2.0, 1.0, 2.0], [3.0, 4.0, 5.0]]), 1), gradient=False)
row("mode", case(integers(11)), case(distinct(3, 5), 1), case(floats()),
    case(exactly([[2, 1, 2], [1, 1, 2]], "int64"), 0, True), errors=(case(floats(3), 1),),
    method=True)  # fmt: skip
row("kthvalue", case(distinct(7), 3), case(distinct(3, 5), 2, 0),
    case(distinct(2, 3, 5), 1, 1, True), case(floats(), 1),
    errors=(case(floats(3), 4), case(floats(3), 0), case(floats(3), 1, 1)),
    method=True)  # fmt: skip
