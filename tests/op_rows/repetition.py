"""Rows for the same elements several times."""

from op_table import case, exactly, floats, row

row("Tensor.repeat", case(floats(2, 3), 2, 1), case(floats(3), 2, 2),
    errors=(case(floats(2, 3), 2),))  # fmt: skip
row("tile", case(floats(2, 3), (2,)), case(floats(3), (2, 2)), method=True)
row("repeat_interleave", case(floats(2, 3), 2), case(floats(2, 3), 3, 1),
    case(floats(3), exactly([1, 0, 2], "int64"), 0),
    case(exactly([1, 0, 2], "int64")), method=True, grad_name=False)  # fmt: skip
