"""Rows for taking and writing along one dimension."""

from op_table import case, exactly, floats, row

WHERE = exactly([[0, 1, 2], [2, 2, 0]], "int64")
ROW = exactly([2, 0, 2], "int64")
OUTSIDE = exactly([5], "int64")

row("gather", case(floats(3, 3), 0, WHERE), case(floats(2, 3), 1, WHERE),
    case(floats(), 0, exactly([0], "int64")),
    errors=(case(floats(3), 0, OUTSIDE),
            case(floats(3, 3), 0, ROW)), method=True)  # fmt: skip
row("scatter", case(floats(3, 3), 0, exactly([[0, 1, 2]], "int64"), floats(1, 3)),
    case(floats(2, 3), 1, exactly([[0, 1, 2], [2, 1, 0]], "int64"), 0.5),
    errors=(case(floats(3), 0, OUTSIDE, floats(1)),), method=True,
    in_place=True)  # fmt: skip
row("scatter_add", case(floats(3, 3), 0, WHERE, floats(2, 3)),
    case(floats(2, 3), 1, WHERE, floats(2, 3)), method=True, in_place=True)  # fmt: skip
row("index_select", case(floats(3, 5), 0, ROW), case(floats(2, 3), -1, ROW),
    errors=(case(floats(3), 0, OUTSIDE),), method=True)  # fmt: skip
row("index_add", case(floats(3, 5), 0, ROW, floats(3, 5)),
    case(floats(3), 0, ROW, floats(3), alpha=2), method=True, in_place=True)  # fmt: skip
row("index_fill", case(floats(3, 5), 0, ROW, 1.5), case(floats(2, 3), 1, ROW, floats()),
    method=True, in_place=True)  # fmt: skip
row("index_copy", case(floats(3, 5), 0, exactly([2, 0], "int64"), floats(2, 5)),
    method=True, in_place=True)  # fmt: skip
row("take", case(floats(2, 3), exactly([[5, 0], [-1, 2]], "int64")),
    errors=(case(floats(3), OUTSIDE),), method=True)  # fmt: skip
row("take_along_dim", case(floats(2, 3), WHERE, 1), case(floats(2, 3), ROW),
    method=True)  # fmt: skip
