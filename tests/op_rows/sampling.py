"""Rows for random tensors."""

from op_table import case, exactly, floats, integers, row

PROBABILITIES = floats(3, 5, low=0.0, high=1.0)

row("rand", case(2, 3), case((2,)), errors=(case(-1),), values=False)
row("randn", case(2, 3), case(17), errors=(case(-1),), values=False)
row(
    "randint",
    case(10, (2, 3)),
    case(-5, 5, (7,)),
    errors=(case(5, 5, (2,)),),
    values=False,
)
row("randperm", case(7), errors=(case(-1),), values=False)
for _name in ("rand_like", "randn_like"):
    row(_name, case(floats(2, 3)), errors=(case(integers(3)),), values=False)
row("randint_like", case(integers(2, 3), 9), values=False)
row("bernoulli", case(PROBABILITIES), case(PROBABILITIES, 0.3),
    errors=(case(exactly([2.0])),), gradient=False, values=False)  # fmt: skip
row("multinomial", case(PROBABILITIES, 2), case(PROBABILITIES, 7, True),
    errors=(case(PROBABILITIES, 6), case(exactly([-1.0, 2.0]), 1), case(PROBABILITIES, 0),
            case(integers(3), 1)),
    gradient=False, values=False)  # fmt: skip
row("normal", case(0.0, 1.0, (2, 3)), case(floats(3), 2.0), case(0.0, PROBABILITIES),
    errors=(case(0.0, -1.0, (2,)),), gradient=False, values=False)  # fmt: skip
