"""Rows for error functions and the normal distribution."""

from op_table import case, exactly, floats, integers, row

ANY = (case(floats(3, 5)), case(floats(0, 3)), case(floats()), case(integers(5)))
TAIL = case(exactly([-30.0, -5.0, 0.0, 5.0, 30.0]))
INSIDE = case(floats(3, 5, low=0.05, high=0.95))

for _name in ("erf", "erfc", "sigmoid"):
    row(_name, *ANY, TAIL, method=True, in_place=True,
        aliases=("expit",) if _name == "sigmoid" else ())  # fmt: skip
row("sinc", *ANY, method=True, in_place=True)
row("erfinv", case(floats(3, 5, low=-0.95, high=0.95)), case(floats(0, 3)),
    method=True, in_place=True)  # fmt: skip
row("special.erfinv", case(exactly([-1.0, 0.0, 1.0, 2.0])), gradient=False)
row("special.sinc", case(exactly([0.0, 0.5])), gradient=False)
row("logit", INSIDE, case(floats(5, low=0.1, high=0.9), 0.2), method=True, in_place=True)  # fmt: skip
row("special.erfcx", *ANY, case(exactly([5.0, 9.0, 20.0, 300.0])))
row("special.ndtr", *ANY, TAIL, grad_name=False)
row("special.log_ndtr", *ANY, TAIL, second=False)
row("special.ndtri", INSIDE)
row("Tensor.erfinv", case(exactly([0.0, 1e-30, 1 - 1e-15])), gradient=False)
