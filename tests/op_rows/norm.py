"""Rows for normalisation."""

from op_table import case, exactly, floats, row

X = floats(3, 2, 5)
C = floats(2, low=0.5)
MEAN, VARIANCE = exactly([0.5, -0.5], grad=False), exactly([1.5, 2.0], grad=False)

row("nn.functional.batch_norm", case(X, None, None, C, C, True),
    case(floats(3, 2), None, None, training=True),
    case(floats(2, 2, 3, 2), None, None, C, None, True, 0.1, 1e-3),
    errors=(case(X, None, None, floats(3), None, True),
            case(floats(1, 2), None, None, training=True)),
    grad_name=False)  # fmt: skip
row("nn.functional.instance_norm", case(X), case(X, None, None, C, C), grad_name=False)
row("nn.functional.layer_norm", case(X, (5,)), case(X, (2, 5), floats(2, 5), floats(2, 5)),
    errors=(case(X, (3,)), case(X, ())), grad_name=False)  # fmt: skip
row("nn.functional.rms_norm", case(X, (5,)), case(X, (2, 5), floats(2, 5), 1e-3),
    grad_name=False)  # fmt: skip
row("nn.functional.group_norm", case(floats(2, 4, 3), 2), case(floats(2, 4, 3), 4, floats(4), floats(4)),
    errors=(case(floats(2, 4), 3),), grad_name=False)  # fmt: skip
row("nn.functional.local_response_norm", case(floats(1, 5, 3), 3), grad_name=False)
