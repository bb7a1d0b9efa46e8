"""Rows for making tensors."""

from op_table import case, exactly, row

row("tensor", case([[1, 2], [3, 4]]), case(2.5), case([True, False]), case([]),
    errors=(case([[1, 2], [3]]), case("text")))  # fmt: skip
row("as_tensor", case([1.0, 2.0]), case(exactly([1.0, 2.0])))
row("from_numpy", errors=(case([1, 2]),))
row("full", case((2, 3), 7), case((2,), 0.5), case((), True))
row("zeros", case(2, 3), case((0, 3)), errors=(case(-1),))
row("ones", case(2, 3), case((2,)))
row("arange", case(5), case(1, 6, 2), case(0.5, 2.0, 0.25), case(5, 0, -2),
    errors=(case(0, 5, -1), case(0, 5, 0)))  # fmt: skip
