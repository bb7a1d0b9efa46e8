"""Rows for numbers at equal distances."""

from op_table import case, row

row("arange", case(5), case(1, 6, 2), case(0.5, 2.0, 0.25), case(5, 0, -2), case(0.3, 2.9, 0.1),
    errors=(case(0, 5, -1), case(0, 5, 0)))  # fmt: skip
row("range", case(1, 3), case(0, 1, 0.25), errors=(case(0, 5, -1),))
row("linspace", case(0, 1, 7), case(-2.5, 3, 4), case(3, 1, 1), case(0, 1, 0),
    errors=(case(0, 1, -1),))  # fmt: skip
row(
    "logspace",
    case(0, 2, 5),
    case(0, 3, 4, 2.0),
    errors=(case(0, 1, -1),),
    tolerance=2e-6,
)
row("eye", case(3), case(2, 5), case(0), errors=(case(-1), case(2, -1)))
