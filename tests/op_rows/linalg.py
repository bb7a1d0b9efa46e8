"""Rows for matrix products."""

from op_table import case, floats, row

row("mm", case(floats(3, 5), floats(5, 7)), case(floats(0, 5), floats(5, 7)),
    errors=(case(floats(3, 5), floats(3, 5)),), method=True)  # fmt: skip
row(
    "addmm",
    case(floats(7), floats(3, 5), floats(5, 7)),
    case(floats(3, 7), floats(3, 5), floats(5, 7), beta=0.5, alpha=2),
    errors=(case(floats(3), floats(1, 400), floats(576, 3)),),
    method=True,
)
