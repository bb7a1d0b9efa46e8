"""Rows for sums and products with logarithms."""

from op_table import case, exactly, floats, integers, row

TWO = (case(floats(3, 5), floats(3, 5)), case(floats(2, 1, 5), floats(3, 1)),
       case(floats(0, 3), floats(3)))  # fmt: skip
PRODUCT = (case(floats(3, 5), floats(3, 5, low=0.5)), case(floats(5), 2.5),
           case(2.5, floats(5, low=0.5)), case(integers(5), integers(5, low=1)))  # fmt: skip
ZERO = exactly([0.0, 0.0, 2.0])

for _name in ("logaddexp", "logaddexp2"):
    row(_name, *TWO, errors=(case(integers(3), integers(3)),), method=True)
row("xlogy", *PRODUCT, method=True, in_place=True)
row("special.xlogy", case(ZERO, ZERO), gradient=False)
row("special.xlog1py", *PRODUCT)
row("special.entr", case(floats(3, 5, low=0.1)))
row("Tensor.xlogy", case(floats(3, kind="float32"), 2.5), gradient=False)
