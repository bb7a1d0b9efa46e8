"""Rows for sums of products over named dimensions."""

from op_table import case, floats, row

row(
    "einsum",
    case("ij,jk->ik", floats(2, 3), floats(3, 5)), case("ii->i", floats(3, 3)),
    case("ij->", floats(2, 3)), case("bij,bjk->bik", floats(2, 3, 2), floats(2, 2, 3)),
    case("...ij,...jk", floats(2, 2, 3), floats(3, 2)), case("i,j,k->kij", floats(2), floats(3), floats(2)),
    case("ij,ij->j", floats(2, 3), floats(2, 3)), case(floats(2, 3), [0, 1], floats(3), [1], [0]),
    case("ij", floats(2, 3)), case("ab,cb", floats(2, 3), floats(5, 3)),
    errors=(case("ij,jk", floats(2, 3)), case("ij->ijj", floats(2, 3))),
    grad_name=False,
)  # fmt: skip
row("tensordot", case(floats(2, 3, 5), floats(3, 5, 2)),
    case(floats(2, 3), floats(5, 3), dims=([1], [1])), case(floats(2), floats(3), dims=0),
    method=True, grad_name=False)  # fmt: skip
