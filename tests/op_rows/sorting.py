"""Rows for sorting and searching."""

from op_table import booleans, case, distinct, exactly, floats, integers, row

CASES = (case(distinct(3, 5)), case(distinct(3, 5), 0, True), case(floats()),
         case(floats(0, 3)))  # fmt: skip
NAN = exactly([2.0, float("nan"), 1.0, float("inf")])
ROWS = exactly([[1, 3, 5, 7], [2, 4, 6, 8]], "int64")
RUNS = exactly([[1, 1, 2], [1, 1, 2], [3, 1, 1]], "int64")

row("sort", *CASES, case(integers(7, high=0), stable=True), case(booleans(5), stable=True),
    errors=(case(floats(3), 1),), method=True)  # fmt: skip
row("Tensor.sort", case(NAN), case(NAN, descending=True), gradient=False)
row("argsort", *CASES, method=True)
row("msort", case(distinct(5, 3)), method=True)
row("topk", case(distinct(7), 3), case(distinct(3, 5), 2, 0, False),
    case(distinct(3, 5), 0), case(floats(), 1), errors=(case(floats(3), 4),),
    method=True)  # fmt: skip
row("unique", case(integers(11)), case(RUNS, return_inverse=True, return_counts=True),
    case(RUNS, dim=0, return_inverse=True, return_counts=True), case(NAN),
    gradient=False, method=True)  # fmt: skip
row("unique_consecutive", case(RUNS, True, True), case(RUNS, True, True, dim=0),
    case(RUNS, dim=1), case(NAN), gradient=False, method=True)  # fmt: skip
row("searchsorted", case(ROWS, exactly([[3, 6, 9], [3, 6, 9]], "int64")),
    case(ROWS, exactly([[3], [6]], "int64"), right=True, out_int32=True),
    case(exactly([1.0, 3.0, 5.0]), floats(2, 3)), case(exactly([1, 3, 5], "int64"), 3),
    case(exactly([5, 1, 3], "int64"), integers(4), sorter=exactly([1, 2, 0], "int64")),
    errors=(case(ROWS, integers(3, 2)), case(ROWS, integers(2, 2), side="up")),
    gradient=False)  # fmt: skip
row("bucketize", case(floats(3, 5), exactly([-1.0, 0.0, 1.0])),
    case(integers(5), exactly([0, 3], "int64"), right=True),
    errors=(case(floats(3), floats(2, 2)),), gradient=False)  # fmt: skip
row("isin", case(integers(7), integers(3)), case(floats(2, 3), floats(2), invert=True),
    case(integers(5), 2), gradient=False)  # fmt: skip
