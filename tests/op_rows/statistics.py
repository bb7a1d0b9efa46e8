"""Rows for spread, correlation and quantiles."""

from op_table import case, distinct, exactly, floats, integers, row

CASES = (
    case(floats(3, 5)), case(floats(3, 5), False), case(floats(3, 5), 1),
    case(floats(2, 3, 5), (0, 2), True, True), case(floats(2, 3, 5), 1, correction=2),
    case(floats(3, 5), None, correction=0, keepdim=True),
)  # fmt: skip
WHOLE = case(integers(3))
NAN = exactly([[1.0, float("nan"), 3.0, 2.0], [0.5, -2.0, 1.0, 7.0]])
QUANTILES = (
    case(distinct(7), 0.3), case(distinct(3, 5), 0.5, 1), case(distinct(3, 5), 0.9, 0, True),
    case(distinct(2, 3, 5), exactly([0.1, 0.75], grad=False), 1),
    *(case(distinct(3, 5), 0.4, 1, interpolation=mode)
      for mode in ("lower", "higher", "midpoint", "nearest")),
)  # fmt: skip

for _name in ("var", "std"):
    row(_name, *CASES, errors=(WHOLE,), method=True)
for _name in ("var_mean", "std_mean"):
    row(_name, *CASES, errors=(WHOLE,))
row("cov", case(floats(3, 5)), case(floats(7)), case(floats(3, 5), correction=0),
    case(floats(3, 5), fweights=integers(5, low=1)),
    errors=(case(floats(2, 2, 2)),), method=True, grad_name=False)  # fmt: skip
row("corrcoef", case(floats(3, 5)), case(floats(7)), errors=(case(floats(2, 2, 2)),),
    method=True, grad_name=False)  # fmt: skip
row("quantile", *QUANTILES, errors=(case(floats(3), 1.5), case(integers(3), 0.5), case(floats(0), 0.5)),
    method=True, grad_name=False)  # fmt: skip
row("nanquantile", *QUANTILES, method=True, grad_name=False)
for _name in ("quantile", "nanquantile"):
    row("Tensor." + _name, case(NAN, 0.4, 1), case(NAN, exactly([0.2, 0.9]), 0),
        gradient=False)  # fmt: skip
