"""Rows for joining tensors and taking them apart."""

from op_table import case, floats, integers, row

PAIR = [floats(2, 3), floats(2, 3)]

row("cat", case(PAIR), case(PAIR, 1), case([floats(2, 3), floats(0, 3)], 0),
    case([floats(0), floats(2, 3)]), case([integers(2), floats(3)]),
    errors=(case([floats(2, 3), floats(2, 5)]), case([]), case([floats(), floats()]),
            case([floats(2), floats(2, 3)]), case(PAIR, 2)),
    aliases=("concat", "concatenate"))  # fmt: skip
row("stack", case(PAIR), case(PAIR, -1), case([floats(), floats()]),
    errors=(case([floats(2), floats(3)]), case([])))  # fmt: skip
row("hstack", case(PAIR), case([floats(2), floats()]))
row("vstack", case(PAIR), case([floats(3), floats(3)]), aliases=("row_stack",))
row("dstack", case(PAIR), case([floats(3), floats(3)]))
row("column_stack", case(PAIR), case([floats(2), floats(2, 3)]))
row("split", case(floats(5, 3), 2), case(floats(5, 3), [1, 4]), case(floats(2, 7), 3, 1),
    errors=(case(floats(5), [1, 2]), case(floats(), 1), case(floats(3), -1)),
    method=True)  # fmt: skip
row("chunk", case(floats(5, 3), 2), case(floats(2, 7), 3, -1),
    errors=(case(floats(3), 0),), method=True)  # fmt: skip
row("tensor_split", case(floats(7), 3), case(floats(5, 3), [1, 3]),
    case(floats(2, 5), 2, dim=1), method=True)  # fmt: skip
row("hsplit", case(floats(4), 2), case(floats(2, 6), 3), method=True)
row("vsplit", case(floats(4, 3), 2), method=True)
row("dsplit", case(floats(1, 2, 4), 2), method=True)
row("unbind", case(floats(2, 3)), case(floats(2, 3), 1), errors=(case(floats()),),
    method=True)  # fmt: skip
