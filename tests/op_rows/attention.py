"""Rows for attention."""

from op_table import case, exactly, floats, row

QKV = (floats(2, 3, 4), floats(2, 5, 4), floats(2, 5, 3))
MASK = exactly([[True, False, True, True, False]] * 3, "bool")

row("nn.functional.scaled_dot_product_attention", case(*QKV), case(*QKV, MASK),
    case(*QKV, floats(3, 5)), case(floats(1, 3, 2), floats(1, 3, 2), floats(1, 3, 2), is_causal=True),
    grad_name=False)  # fmt: skip
