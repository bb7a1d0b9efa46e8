"""Rows for determinants, inverses, solutions and decompositions."""

from op_table import case, exactly, floats, row

GOOD = exactly([[4.0, 1.0, 0.5], [0.7, 3.0, 0.2], [0.3, 0.4, 5.0]])
SYMMETRIC = exactly([[4.0, 1.0], [1.0, 3.0]])
STACK = exactly([[[2.0, 0.5], [0.1, 1.0]], [[1.0, 0.0], [0.3, 4.0]]])
FLAT = exactly([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
NUMBERS = exactly([[1, 2], [3, 4]], "int64")

row("linalg.inv", case(GOOD), case(STACK), errors=(case(FLAT), case(NUMBERS)))
row("inverse", case(GOOD), method=True)
row("det", case(GOOD), case(STACK),
    errors=(case(FLAT), case(floats(3))), method=True, second=False,
    aliases=("linalg.det",))  # fmt: skip
row("slogdet", case(GOOD), case(STACK), method=True)
row("logdet", case(GOOD), method=True, grad_name=False)
row("linalg.solve", case(GOOD, floats(3, 2)), case(GOOD, floats(3)),
    case(STACK, floats(2, 2, 3)), case(GOOD, floats(2, 3), left=False),
    errors=(case(FLAT, floats(2)),), grad_name=False)  # fmt: skip
row("cholesky", case(SYMMETRIC), case(SYMMETRIC, True), second=False, grad_name=False,
    gradient=False, method=True)  # fmt: skip
row("linalg.eigvalsh", case(SYMMETRIC), gradient=False)
row("linalg.eigh", case(SYMMETRIC), gradient=False, values=False)
row("linalg.svd", case(FLAT), gradient=False, values=False, aliases=("linalg_svd",))
row("linalg.svdvals", case(FLAT), case(STACK), grad_name=False)
row("svd", case(FLAT), gradient=False, values=False, method=False)
row("qr", case(GOOD), gradient=False, values=False)
