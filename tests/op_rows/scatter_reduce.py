"""Rows for combining elements at indices."""

from op_table import case, distinct, exactly, floats, row

WHERE = exactly([[0, 1, 2], [2, 2, 0]], "int64")
ROW = exactly([2, 0, 2], "int64")

row(
    "scatter_reduce",
    case(distinct(3, 3), 0, WHERE, distinct(2, 3), "sum"),
    case(distinct(3, 3), 0, WHERE, distinct(2, 3), "mean", include_self=False),
    case(distinct(3, 3), 0, WHERE, distinct(2, 3), "amax"),
    case(distinct(3, 3), 0, WHERE, distinct(2, 3), "amin", include_self=False),
    case(distinct(3, 3), 0, WHERE, distinct(2, 3), "prod"),
    case(distinct(3, 3), 0, WHERE, distinct(2, 3), "prod", include_self=False),
    errors=(case(floats(3), 0, ROW, floats(3), "median"),),
    method=True, in_place=True,
)  # fmt: skip
row("index_reduce", case(distinct(3, 5), 0, ROW, floats(3, 5), "amax"),
    case(distinct(2, 3), 1, ROW, distinct(2, 3), "mean"),
    case(distinct(2, 3), 1, ROW, distinct(2, 3), "prod"), method=True,
    grad_name=False)  # fmt: skip
