"""Rows for other orders and shapes of the same elements."""

from op_table import case, floats, row

CUBE = floats(2, 3, 5)

row("flatten", case(CUBE), case(CUBE, 1), case(CUBE, 0, 1), case(floats()),
    errors=(case(CUBE, 2, 1), case(CUBE, 3)), method=True)  # fmt: skip
row("unflatten", case(floats(2, 6), 1, (2, -1)), errors=(case(floats(5), 0, (2, 2)),),
    method=True)  # fmt: skip
row("ravel", case(CUBE), method=True)
row("broadcast_to", case(floats(3, 1), (2, 3, 5)), method=True)
row("broadcast_tensors", case(floats(3, 1), floats(5)))
row("movedim", case(CUBE, 0, 2), case(CUBE, (0, 1), (2, 0)),
    errors=(case(CUBE, (0, 0), (1, 2)), case(CUBE, (0,), (1, 2))),
    method=True, aliases=("moveaxis",))  # fmt: skip
row("swapaxes", case(CUBE, 0, -1), method=True)
row("swapdims", case(CUBE, 0, -1), method=True)
row("adjoint", case(CUBE), method=True)
row("flip", case(CUBE, (0, 2)), errors=(case(CUBE, (0, 0)),), method=True)
row("fliplr", case(CUBE), errors=(case(floats(3)),), method=True)
row("flipud", case(floats(3)), errors=(case(floats()),), method=True)
row("roll", case(CUBE, 1), case(CUBE, (1, -2), (0, 2)),
    errors=(case(CUBE, (1, 2)), case(CUBE, ())), method=True)  # fmt: skip
row("rot90", case(floats(2, 3)), case(CUBE, 2, (1, 2)), case(CUBE, -1, (0, 2)),
    errors=(case(floats(3)), case(CUBE, 1, (0, 0))), method=True,
    grad_name=False)  # fmt: skip
row("atleast_1d", case(floats()), case(floats(3)))
row("atleast_2d", case(floats()), case(floats(3)))
row("atleast_3d", case(floats(3)), case(floats(2, 3)))
