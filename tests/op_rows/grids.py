"""Rows for triangles and grids."""

from op_table import case, floats, integers, row

CASES = (case(floats(3, 5)), case(floats(2, 3, 3), 1), case(floats(4, 3), -1),
         case(integers(3, 3)), case(floats(0, 3)))  # fmt: skip

for _name in ("tril", "triu"):
    row(_name, *CASES, errors=(case(floats(3)),), method=True, in_place=True)
for _name in ("tril_indices", "triu_indices"):
    row(_name, case(3, 3), case(2, 4, 1), case(4, 2, -1), errors=(case(-1, 2),))
row("vander", case(floats(3)), case(integers(4), 2), case(floats(3), 4, True),
    errors=(case(floats(2, 2)),), gradient=False)  # fmt: skip
row("meshgrid", case(floats(2), floats(3), indexing="ij"),
    case(floats(2), floats(3), floats(2), indexing="xy"), case([floats(2), floats()]),
    errors=(case(floats(2), indexing="yx"),), grad_name=False)  # fmt: skip
row("cartesian_prod", case(floats(2), floats(3)), case(floats(3)),
    errors=(case(floats(2), floats(2, 2)),), grad_name=False)  # fmt: skip
row("combinations", case(floats(4)), case(floats(3), 2, True), case(integers(4), 3),
    errors=(case(floats(2, 2)),), grad_name=False)  # fmt: skip
