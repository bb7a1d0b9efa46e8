"""Rows for reductions."""

from op_table import booleans, case, exactly, floats, integers, row

CASES = (
    case(floats(3, 5)), case(floats(3, 5), 1), case(floats(2, 3, 5), (0, 2), True),
    case(floats()), case(floats(0, 3), 1), case(floats(3, 5), axis=0, keepdims=True),
)  # fmt: skip
OUTSIDE = case(floats(3, 5), 2)
NAN = exactly([[1.0, float("nan"), 3.0], [0.5, -2.0, float("nan")]])
ZEROS = exactly([[1.0, 0.0, 3.0], [0.5, -2.0, 4.0], [0.0, 0.0, 2.0]])

row("sum", *CASES, case(integers(3, 5)), case(booleans(3, 5), 0),
    errors=(OUTSIDE, case(floats(3, 5), (0, 0)), case([1, 2])), method=True)  # fmt: skip
row("mean", *CASES, errors=(OUTSIDE, case(integers(3))), method=True)
row("nansum", *CASES, case(integers(3)), method=True)
row("nanmean", *CASES, errors=(case(integers(3)),), method=True)
row("Tensor.nansum", case(NAN, 1), gradient=False)
row("Tensor.nanmean", case(NAN, 1), gradient=False)
row("prod", case(floats(3, 5)), case(floats(3, 5), 1), case(floats(2, 3, 5), 0, True),
    case(floats()), case(ZEROS), case(ZEROS, 0), case(ZEROS, 1), case(integers(5)),
    errors=(OUTSIDE,), method=True)  # fmt: skip
row("logsumexp", case(floats(3, 5), 1), case(floats(2, 3, 5), (0, 2), True),
    case(floats(), 0), case(integers(5), 0), errors=(OUTSIDE,), method=True)  # fmt: skip
for _name in ("all", "any"):
    row(_name, case(booleans(3, 5)), case(integers(3, 5), 1), case(floats(2, 3), (0, 1)),
        case(integers(3, 2, kind="uint8", low=0), 0, True), case(floats(0, 3), 0),
        errors=(OUTSIDE,), method=True)  # fmt: skip
row("count_nonzero", case(booleans(3, 5)), case(integers(3, 5), 1),
    case(integers(2, 3, 5), (0, 2)), errors=(OUTSIDE,), method=True)  # fmt: skip
