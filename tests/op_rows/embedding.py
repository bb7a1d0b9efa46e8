"""Rows for tables of vectors."""

from op_table import case, exactly, floats, row

WHERE = exactly([[0, 2, 2], [1, 0, 4]], "int64")
ROW = exactly([0, 2, 2, 1, 0], "int64")
STARTS = exactly([0, 2, 4], "int64")
TABLE = floats(5, 3)

row("nn.functional.embedding", case(WHERE, TABLE), case(WHERE, TABLE, 2),
    case(WHERE, TABLE, scale_grad_by_freq=True),
    errors=(case(exactly([5], "int64"), TABLE),), agreed=(1, 2))  # fmt: skip
row("nn.functional.embedding_bag", case(WHERE, TABLE), case(ROW, TABLE, STARTS, mode="sum"),
    case(ROW, TABLE, STARTS, mode="max"),
    case(WHERE, TABLE, mode="sum", per_sample_weights=floats(2, 3)),
    grad_name=False, second=False)  # fmt: skip
row("nn.functional.one_hot", case(ROW), case(WHERE, 7),
    errors=(case(exactly([-1], "int64")), case(ROW, 2)))  # fmt: skip
