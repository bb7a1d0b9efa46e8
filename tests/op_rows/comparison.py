"""Rows for comparing elements."""

from op_table import booleans, case, exactly, floats, integers, row

TIES = exactly([1.0, 2.0, float("nan"), float("inf"), -3.0], grad=False)
CASES = (
    case(floats(3, 5), floats(3, 5)), case(floats(2, 1, 5), floats(3, 1)),
    case(integers(7), 2), case(integers(7), 0.5), case(integers(5), floats(5)),
    case(TIES, TIES), case(floats(0, 3), floats(3)), case(booleans(4), booleans(4)),
)  # fmt: skip
NAMES = {"eq": (), "ne": ("not_equal",), "lt": ("less",), "le": ("less_equal",),
         "gt": ("greater",), "ge": ("greater_equal",)}  # fmt: skip

for _name, _aliases in NAMES.items():
    row(_name, *CASES, errors=(case(floats(3, 5), floats(3, 4)),), method=True,
        in_place=True, aliases=_aliases)  # fmt: skip
row("equal", case(TIES, TIES), case(integers(3), integers(3)),
    case(floats(3), floats(2)), case(exactly([1, 2], "int64"), exactly([1.0, 2.0])),
    errors=(case(floats(3), [1, 2, 3]),), method=True)  # fmt: skip
row("isclose", case(TIES, TIES), case(TIES, TIES, equal_nan=True),
    case(integers(5), integers(5), rtol=0.5), case(floats(5), floats(5), 0.0, 0.0),
    case(floats(5), floats(1), 0.3, 0.5),
    errors=(case(floats(3), integers(3)), case(floats(3), floats(3), -1.0)),
    method=True)  # fmt: skip
row("allclose", case(TIES, TIES), case(TIES, TIES, equal_nan=True),
    case(floats(3), floats(3), atol=9.0), method=True)  # fmt: skip
for _name in ("isnan", "isinf", "isfinite", "isposinf", "isneginf", "isreal"):
    row(_name, case(TIES), case(integers(3)), case(booleans(3)), case(floats(0, 3)),
        method=True)  # fmt: skip
