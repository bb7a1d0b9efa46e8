"""Rows for norms and distances."""

from op_table import case, distinct, floats, integers, row

INFINITE = float("inf")

row("norm", case(floats(3, 5)), case(floats(3, 5), 1), case(floats(3, 5), 3, 1),
    case(distinct(3, 5), INFINITE, 0, True), case(distinct(3, 5), -INFINITE),
    case(floats(3, 5), 0, 1), case(floats(3, 5), 1.5), case(floats(2, 3, 5), 2, (0, 2)),
    errors=(case(integers(3)),), method=True)  # fmt: skip
row("dist", case(floats(3, 5), floats(5)), case(floats(7), floats(7), 3), method=True,
    grad_name=False)  # fmt: skip
row("renorm", case(floats(3, 5), 2, 0, 1.0), case(floats(2, 3, 5), 1, 1, 2.0),
    errors=(case(floats(3), 2, 0, 1.0), case(floats(3, 2), 0, 0, 1.0)), method=True,
    in_place=True, grad_name=False)  # fmt: skip
row("cdist", case(floats(3, 2), floats(5, 2)), case(floats(2, 3, 2), floats(2, 4, 2), 1),
    case(floats(3, 2), floats(5, 2), 3.0), errors=(case(floats(3, 2), floats(3, 3)),),
    grad_name=False)  # fmt: skip
