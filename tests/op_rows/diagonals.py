"""Rows for diagonals."""

from op_table import case, floats, row

row("diagonal", case(floats(3, 3)), case(floats(3, 5), 1), case(floats(2, 3, 5), -1, 1, 2),
    errors=(case(floats(3, 3), 0, 1, 1),), method=True)  # fmt: skip
row("diag_embed", case(floats(2, 3)), case(floats(3), 1), method=True, grad_name=False)
row("diag", case(floats(3)), case(floats(3, 5), 1), errors=(case(floats(2, 2, 2)),),
    method=True, grad_name=False)  # fmt: skip
row("diagflat", case(floats(2, 2)), method=True, grad_name=False)
row("trace", case(floats(3, 5)), method=True, grad_name=False)
row("block_diag", case(floats(2, 2), floats(1, 3)), case(floats(2), floats()),
    grad_name=False)  # fmt: skip
row("diagonal_scatter", case(floats(3, 3), floats(3)), method=True, grad_name=False)
row("select_scatter", case(floats(3, 5), floats(5), 0, 1), method=True, grad_name=False)
row("slice_scatter", case(floats(5, 3), floats(2, 3), 0, 1, 3), method=True,
    grad_name=False)  # fmt: skip
