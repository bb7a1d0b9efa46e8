"""Rows for functions of matrices, and norms."""

from op_table import case, exactly, floats, row

GOOD = exactly([[4.0, 1.0, 0.5], [0.7, 3.0, 0.2], [0.3, 0.4, 5.0]])
INF = float("inf")

row("cross", case(floats(3), floats(3)), case(floats(2, 3), floats(1, 3), dim=1),
    errors=(case(floats(2), floats(2)),), method=True, grad_name=False)  # fmt: skip
row("kron", case(floats(2, 3), floats(3)), case(floats(2, 2), floats(2, 1)), method=True,
    grad_name=False)  # fmt: skip
row("matrix_power", case(GOOD, 3), case(GOOD, 0), case(GOOD, -2), method=True,
    grad_name=False, gradient=False)  # fmt: skip
row("matrix_exp", case(GOOD), case(floats(2, 2, 2)), method=True, grad_name=False)
row("linalg.multi_dot", case([floats(2, 3), floats(3, 5), floats(5)]), grad_name=False)
row("chain_matmul", case(floats(2, 3), floats(3, 5), floats(5, 2)), grad_name=False)
row("linalg.pinv", case(exactly([[1.0, 2.0], [3.0, 4.0], [5.0, 7.0]])), grad_name=False,
    second=False)  # fmt: skip
row("pinverse", case(GOOD), method=True, grad_name=False, second=False)
row("linalg.matrix_rank", case(GOOD), gradient=False)
row("linalg.lstsq", case(GOOD, floats(3, 2)), gradient=False, values=False)
row("linalg.vector_norm", case(floats(3, 5)), case(floats(3, 5), 3, 1),
    case(floats(3, 5), INF), case(floats(3, 5), 1, (0, 1), True),
    grad_name=False)  # fmt: skip
row("linalg.matrix_norm", case(GOOD), case(GOOD, 1), case(GOOD, -INF), case(GOOD, "nuc"),
    case(floats(2, 3, 5), 2), errors=(case(GOOD, 3),), grad_name=False,
    second=False)  # fmt: skip
row("linalg.norm", case(floats(5)), case(GOOD, 1), case(GOOD, "fro"), case(GOOD, None, 0),
    grad_name=False, aliases=("linalg_norm",))  # fmt: skip
row("linalg.cond", case(GOOD), case(GOOD, 1), gradient=False)
