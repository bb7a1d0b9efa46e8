"""Rows for the softmax family."""

from op_table import Named, case, exactly, floats, integers, row

CASES = (
    case(floats(3, 5), 1),
    case(floats(2, 3, 5), 0),
    case(floats(), 0),
    case(floats(0, 3), 1),
    case(exactly([1000.0, 0.0, -1000.0]), 0),
    case(integers(3), 0, dtype=Named("float64")),
)
row("softmax", *CASES, errors=(case(floats(3), 1), case(integers(3), 0)), method=True)
row("log_softmax", *CASES, errors=(case(floats(3), 1), case(integers(3), 0)),
    method=True)  # fmt: skip
row("nn.functional.softmax", case(floats(3, 5), dim=1))
row("nn.functional.log_softmax", case(floats(3, 5), dim=1))
row("nn.functional.softmin", case(floats(3, 5), dim=1))
row("nn.functional.gumbel_softmax", case(floats(3, 5)), case(floats(3, 5), 0.5, True),
    values=False, gradient=False)  # fmt: skip
