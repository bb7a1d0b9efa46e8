"""Rows for making tensors of one value."""

from op_table import case, floats, integers, row

row("full", case((2, 3), 7), case((2,), 0.5), case((), True), errors=(case((-1,), 2),))
row(
    "zeros",
    case(2, 3),
    case((0, 3)),
    case(size=(2,)),
    errors=(case(-1), case("a"), case(2.5)),
)
row("ones", case(2, 3), case((2,)), errors=(case(-1),))
row("empty", case(2, 3), case((2,)), errors=(case(-1),), values=False)
row("empty_strided", case((2, 3), (1, 2)), values=False)
row("empty_permuted", case((2, 3), (1, 0)), values=False)
for _name in ("zeros_like", "ones_like"):
    row(_name, case(integers(2, 3)), case(floats(0, 3)))
row("empty_like", case(integers(2, 3)), values=False)
row("full_like", case(integers(2, 3), 7), case(floats(3), 0.5))
row("fill", case(floats(2, 3), 7), case(floats(3), floats()), errors=(case(floats(3), floats(2)),),
    second=False, method=True, in_place=True)  # fmt: skip
row("zero_", case(floats(3)), case(integers(2, 3)), gradient=False, values=False)
row("Tensor.copy_", errors=(case(floats(3), floats(2)),))
row("Tensor.new_zeros", case(integers(3), 2), case(floats(2), (2, 3)))
row("Tensor.new_ones", case(integers(3), 2), case(floats(2), (2, 3)))
row("Tensor.new_full", case(integers(3), (2,), 5))
row("Tensor.new_empty", case(integers(3), (2,)), values=False)
