"""Neural networks: modules, functions on tensors, initialisation, utilities."""

from . import functional, init, modules, parallel, utils
from .modules import *
from .parallel import DataParallel
from .parameter import (
    Buffer,
    Parameter,
    UninitializedBuffer,
    UninitializedParameter,
)

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
