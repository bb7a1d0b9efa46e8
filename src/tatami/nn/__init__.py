"""Neural networks: modules, functions on tensors, initialisation, utilities."""

from typing import TYPE_CHECKING

from .. import later
from . import functional, init, modules
from .parameter import (
    Buffer,
    Parameter,
    UninitializedBuffer,
    UninitializedParameter,
)

if TYPE_CHECKING:
    from . import parallel, utils
    from .modules import *
    from .parallel import DataParallel

__all__ = [
    "Buffer",
    "DataParallel",
    "Parameter",
    "UninitializedBuffer",
    "UninitializedParameter",
    "functional",
    "init",
    "modules",
    "parallel",
    "utils",
]
__all__ += modules.__all__

__getattr__, __dir__ = later.namespace(
    __name__,
    {"nn.modules": " ".join(modules.__all__), "nn.parallel": "DataParallel"},
    ("parallel", "utils"),
)
