"""Rows for how near vectors are to each other."""

from op_table import case, distinct, exactly, floats, integers, row

PAIR = floats(3, 5), floats(3, 5)
row("nn.functional.normalize", case(floats(3, 5)), case(floats(2, 3, 4), 1.0, (1, 2)),
    case(floats(3, 5), 3.0, 0), case(exactly([[0.0, 0.0]], grad=False)),
    errors=(case(integers(3, 5)),))  # fmt: skip
row("cosine_similarity", case(*PAIR), case(floats(3, 5), floats(5), -1),
    case(floats(5), floats(5), 0), case(exactly([0.0, 0.0], grad=False), floats(2), 0),
    errors=(case(*PAIR, 3), case(floats(3, 5), floats(3, 4)),
            case(integers(3, 5), integers(3, 5))))  # fmt: skip
row("pairwise_distance", case(*PAIR), case(*PAIR, 1.0, keepdim=True), case(*PAIR, 3.0),
    case(floats(5), floats(5)), case(floats(3, 5), floats(5)),
    errors=(case(floats(3, 5), floats(4, 5)),))  # fmt: skip
row("pdist", case(distinct(4, 3)), case(distinct(4, 3), 1.0), case(distinct(3, 2), 3.0),
    case(distinct(4, 3), float("inf")), case(floats(1, 3)), case(floats(3, 0)),
    grad_name=False, second=False,
    errors=(case(floats(5)), case(integers(3, 5)), case(floats(3, 5), -1.0)))  # fmt: skip
