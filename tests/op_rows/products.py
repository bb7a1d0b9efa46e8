"""Rows for products of vectors, matrices and stacks of matrices."""

from op_table import case, exactly, floats, row

ONE = exactly([1.0, 2.0], "float32")

row("dot", case(floats(3), floats(3)), method=True,
    errors=(case(floats(3), floats(5)), case(floats(3, 3), floats(3)),
            case(floats(2), ONE)))  # fmt: skip
row("vdot", case(floats(3), floats(3)), method=True)
row("mv", case(floats(2, 3), floats(3)), errors=(case(floats(2, 3), floats(2)),),
    method=True)  # fmt: skip
row("bmm", case(floats(2, 3, 5), floats(2, 5, 2)), case(floats(0, 3, 5), floats(0, 5, 2)),
    errors=(case(floats(2, 3, 5), floats(2, 3, 5)), case(floats(3, 5), floats(5, 2))),
    method=True)  # fmt: skip
row(
    "matmul",
    case(floats(3), floats(3)), case(floats(2, 3), floats(3)),
    case(floats(3), floats(3, 2)), case(floats(2, 3), floats(3, 5)),
    case(floats(2, 2, 3), floats(3, 5)), case(floats(2, 2, 3), floats(2, 3, 5)),
    case(floats(3), floats(2, 3, 5)), case(floats(2, 2, 3), floats(3)),
    case(floats(2, 3), floats(2, 3, 5)), case(floats(3, 1, 2, 3), floats(2, 3, 2)),
    errors=(case(floats(), floats(3)), case(floats(2, 3), floats(2, 3))),
    method=True,
)  # fmt: skip
row("outer", case(floats(2), floats(3)), errors=(case(floats(2, 2), floats(3)),),
    method=True)  # fmt: skip
row("ger", case(floats(2), floats(3)), method=True)
row("inner", case(floats(3), floats(3)), case(floats(2, 3), floats(5, 3)), method=True,
    grad_name=False)  # fmt: skip
STACKS = (floats(2, 3, 5), floats(2, 5, 2))
row("baddbmm", case(floats(2, 3, 2), *STACKS),
    case(floats(3, 2), *STACKS, beta=0.5, alpha=2), method=True, grad_name=False)  # fmt: skip
row("addbmm", case(floats(3, 2), *STACKS), method=True, grad_name=False)
row("addmv", case(floats(2), floats(2, 3), floats(3)), method=True, in_place=True,
    grad_name=False)  # fmt: skip
row("addr", case(floats(2, 3), floats(2), floats(3), beta=2), method=True,
    grad_name=False)  # fmt: skip
