"""Rows for choosing elements by truth values."""

from op_table import booleans, case, exactly, floats, integers, row

MASK = exactly([[True, False, True], [False, False, True]], "bool")

row("masked_fill", case(floats(2, 3), MASK, 7.5), case(floats(3), MASK, 0),
    case(floats(2, 3), MASK, floats()), case(integers(2, 3), MASK, 2),
    errors=(case(floats(3), integers(3), 1), case(floats(3), booleans(3), floats(1)),
            case(floats(3), booleans(4), 1)),
    method=True, in_place=True)  # fmt: skip
row("masked_select", case(floats(2, 3), MASK), case(floats(3), MASK),
    errors=(case(floats(3), integers(3)),), method=True)  # fmt: skip
row("masked_scatter", case(floats(2, 3), MASK, floats(5)), method=True, in_place=True)
row("where", case(MASK, floats(2, 3), floats(3)), case(MASK, floats(2, 1), 0.5),
    case(MASK, 1, 2), case(MASK), case(MASK, integers(3), floats(2, 3)),
    errors=(case(MASK, floats(4), 1),))  # fmt: skip
row("nonzero", case(MASK), case(integers(7, low=0, high=2)),
    case(MASK, as_tuple=True), case(exactly(3.0)), method=True)  # fmt: skip
row("argwhere", case(MASK), method=True)
