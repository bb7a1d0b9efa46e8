"""Rows for the gamma family and Bessel functions."""

from op_table import case, exactly, floats, integers, row

POSITIVE = (case(floats(3, 5, low=0.5, high=20.0)), case(floats(0, 3)),
            case(integers(5, low=1)))  # fmt: skip
POLES = case(exactly([0.0, -1.0, -2.5, -7.3, 1.0, 2.0]))
ANY = (case(floats(3, 5)), case(exactly([-20.1, -19.9, 0.3, 20.1])),
       case(integers(5)), case(floats(0, 3)))  # fmt: skip

for _name in ("lgamma", "digamma"):
    row(_name, *POSITIVE, method=True, in_place=True)
row("polygamma", case(1, floats(5, low=0.5)), case(3, floats(2, 3, low=0.5)),
    case(0, floats(3, low=0.5)),
    errors=(case(-1, floats(3)),))  # fmt: skip
row("Tensor.polygamma", case(floats(5, low=0.5), 2))
row("mvlgamma", case(floats(5, low=2.0, high=5.0), 1), case(floats(5, low=2.0, high=5.0), 3),
    errors=(case(floats(3), 0),), method=True, in_place=True)  # fmt: skip
row("special.zeta", case(floats(5, low=1.5, high=6.0), floats(5, low=0.5)),
    case(3, floats(4, low=0.5)), case(exactly([2.0, 2.0, 0.5]), -0.5),
    gradient=False)  # fmt: skip
row("special.gammaln", POLES, gradient=False)
row("special.psi", POLES, gradient=False)
row("special.polygamma", case(2, exactly([-1.5, 0.0, -3.0])), gradient=False)
row("i0", *ANY, method=True, in_place=True)
for _name in ("special.i0e", "special.i1", "special.i1e"):
    row(_name, *ANY)
row("Tensor.i0", case(exactly([-45.0, 0.0, 45.0, float("inf")])), gradient=False)
