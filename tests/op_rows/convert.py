"""Rows for types of elements."""

from op_table import case, floats, integers, row

for _name in ("conj", "conj_physical", "resolve_conj", "resolve_neg", "real"):
    row(_name, case(floats(3)), method=_name != "real", gradient=False)
row("angle", case(floats(3, 5)), case(integers(5)), second=False, method=True)
for _name in ("is_floating_point", "is_complex", "is_conj", "is_neg", "numel"):
    row(_name, case(floats(3)), case(integers(2, 2)), errors=(case(3),), gradient=False)
row(
    "is_nonzero",
    case(floats()),
    case(integers(1)),
    errors=(case(floats(3)),),
    gradient=False,
)
row(
    "is_same_size",
    case(floats(3), floats(3)),
    case(floats(3), floats(2)),
    gradient=False,
)
