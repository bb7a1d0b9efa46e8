"""Rows for losses."""

from op_table import case, floats, row

row(
    "nn.functional.mse_loss",
    case(floats(3, 5), floats(3, 5)),
    case(floats(3, 5), floats(3, 5), reduction="sum"),
    case(floats(3, 5), floats(3, 5), reduction="none"),
    errors=(case(floats(3), floats(3), reduction="middle"),),
)
