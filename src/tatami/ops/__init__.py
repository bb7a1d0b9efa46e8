"""The operations: one file for each family, everything about one in one block."""

from .. import later
from ..tensor import Tensor
from .rooms import FUNCTIONS, METHODS

__getattr__, __dir__ = later.namespace(__name__, {}, FUNCTIONS)
later.methods(Tensor, {f"{__name__}.{room}": names for room, names in METHODS.items()})
