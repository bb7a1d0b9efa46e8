"""Rows for images made larger or smaller."""

from op_table import case, floats, row

IMAGE, LINE = floats(1, 2, 3, 5), floats(1, 2, 5)

row(
    "nn.functional.interpolate",
    case(LINE, 7), case(LINE, scale_factor=1.7), case(LINE, 3, mode="linear"),
    case(LINE, 8, mode="linear", align_corners=True), case(IMAGE, (5, 4)),
    case(IMAGE, (5, 4), mode="nearest-exact"), case(IMAGE, (5, 4), mode="bilinear"),
    case(IMAGE, scale_factor=(2, 1.5), mode="bilinear", align_corners=False),
    case(IMAGE, (5, 7), mode="bicubic"), case(IMAGE, (5, 7), mode="bicubic", align_corners=True),
    case(IMAGE, (2, 2), mode="area"), case(floats(1, 1, 2, 3, 2), (3, 2, 3), mode="trilinear"),
    errors=(case(IMAGE), case(IMAGE, 3, 2.0), case(LINE, 3, mode="bilinear")),
    grad_name=False,
)  # fmt: skip
