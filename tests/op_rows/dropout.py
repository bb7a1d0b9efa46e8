"""Rows for dropout; the random masks are tested in test_random_modules.py."""

from op_table import case, floats, row

OUTSIDE = case(floats(3), 1.5)

for _name, _shape in {
    "dropout": (3, 5), "dropout1d": (2, 3, 5), "dropout2d": (1, 2, 3, 3),
    "dropout3d": (1, 2, 2, 3, 3), "alpha_dropout": (3, 5),
    "feature_alpha_dropout": (2, 3, 5),
}.items():  # fmt: skip
    row(f"nn.functional.{_name}", case(floats(*_shape), 0.5, False),
        case(floats(*_shape), 0.0, True), errors=(OUTSIDE,))  # fmt: skip
