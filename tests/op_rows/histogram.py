"""Rows for counting."""

from op_table import case, exactly, floats, integers, row

EDGES = exactly([-2.0, -0.5, 0.0, 2.0])
SOME = exactly([-1.5, -0.2, 0.0, 0.7, 1.9, 2.0])

row("bincount", case(integers(11, low=0)), case(integers(11, low=0), minlength=9),
    case(integers(5, low=0), floats(5)),
    errors=(case(integers(3, high=0)), case(integers(2, 2, low=0)),
            case(integers(3, low=0), floats(2))),
    gradient=False, method=True)  # fmt: skip
row("histc", case(SOME, 4), case(SOME, 3, -1, 1), case(exactly([2.0, 2.0]), 3),
    errors=(case(SOME, 0), case(SOME, 3, 2, 1)), gradient=False, method=True)  # fmt: skip
row("histogram", case(SOME, 4), case(SOME, EDGES), case(SOME, 3, range=(-1.0, 1.0)),
    case(SOME, EDGES, weight=floats(6), density=True), gradient=False, method=True)  # fmt: skip
row("histogramdd", case(floats(7, 2), (3, 2)), case(floats(7, 2), (EDGES, EDGES)),
    case(floats(7, 2), (2, 2), range=(-1.0, 1.0, -2.0, 2.0), density=True),
    gradient=False)  # fmt: skip
