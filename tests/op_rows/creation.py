"""Rows for making tensors from data."""

from op_table import case, exactly, floats, integers, row

row("tensor", case([[1, 2], [3, 4]]), case(2.5), case([True, False]), case([]),
    errors=(case([[1, 2], [3]]), case("text")))  # fmt: skip
row("as_tensor", case([1.0, 2.0]), case(exactly([1.0, 2.0])))
row("asarray", case([1.0, 2.0]), case(exactly([1.0, 2.0]), copy=True), case(3),
    errors=(case([1.0], copy=False),))  # fmt: skip
row("from_numpy", errors=(case([1, 2]),))
row("from_dlpack", case(integers(3)), case(floats(2, 3)), gradient=False)
row("scalar_tensor", case(3), case(True))
row("frombuffer")
row("Tensor.new_tensor", case(floats(3), [1, 2]))
