"""Rows for logic on truth values and bits."""

from op_table import booleans, case, floats, integers, row

CASES = (case(booleans(3, 5), booleans(3, 5)), case(integers(2, 1, 5), integers(3, 1)),
         case(booleans(5), integers(5)))  # fmt: skip
NUMBER = case(integers(7), 3)

row("logical_not", case(booleans(5)), case(floats(0, 3)), case(integers(7)),
    method=True, in_place=True)  # fmt: skip
for _name in ("logical_and", "logical_or", "logical_xor"):
    row(_name, *CASES, case(floats(5), floats(5)),
        errors=(case(booleans(3), booleans(2)), case(booleans(3), True)), method=True,
        in_place=True)  # fmt: skip
row("bitwise_not", case(booleans(5)), case(integers(7)), errors=(case(floats(3)),),
    method=True, in_place=True)  # fmt: skip
for _name in ("bitwise_and", "bitwise_or", "bitwise_xor"):
    row(_name, *CASES, NUMBER, errors=(case(floats(3), floats(3)),), method=True,
        in_place=True)  # fmt: skip
for _name in ("bitwise_left_shift", "bitwise_right_shift"):
    row(_name, NUMBER, case(integers(3, 5), integers(5, low=0)), case(integers(3), 70),
        errors=(case(booleans(3), booleans(3)),), method=True, in_place=True)  # fmt: skip
