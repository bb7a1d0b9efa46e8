"""Rows for channels rearranged into space."""

from op_table import case, floats, row

row("nn.functional.pixel_shuffle", case(floats(1, 4, 2, 3), 2), case(floats(9, 1, 1), 3),
    errors=(case(floats(1, 3, 2, 2), 2),), grad_name=False)  # fmt: skip
row("nn.functional.pixel_unshuffle", case(floats(1, 1, 4, 2), 2),
    errors=(case(floats(1, 1, 3, 2), 2),), grad_name=False)  # fmt: skip
row("nn.functional.channel_shuffle", case(floats(1, 4, 2, 2), 2), grad_name=False)
