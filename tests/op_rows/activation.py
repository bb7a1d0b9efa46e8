"""Rows for activation functions and the softmax family."""

from op_table import booleans, case, distinct, floats, integers, row

ELEMENTS = (case(distinct(3, 5)), case(floats(0, 3)), case(floats(low=1.0)))

row("relu", *ELEMENTS, case(integers(7)), errors=(case(booleans(3)),), method=True,
    in_place=True)  # fmt: skip
row("log_softmax", case(floats(3, 5), 1), case(floats(2, 3, 5), 0), case(floats(), 0),
    errors=(case(floats(3), 1),), method=True)  # fmt: skip
