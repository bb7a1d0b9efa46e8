"""Rows for views by strides."""

from op_table import case, floats, row

row("Tensor.as_strided", case(floats(7), (2, 3), (1, 2)),
    case(floats(2, 3), (2,), (3,), 1))  # fmt: skip
row("Tensor.unfold", case(floats(7), 0, 3, 2), case(floats(2, 5), 1, 2, 1),
    errors=(case(floats(3), 0, 5, 1), case(floats(3), 0, 1, 0)))  # fmt: skip
