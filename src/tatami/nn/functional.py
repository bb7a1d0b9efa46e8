"""Functions of neural networks, under PyTorch's names."""

from ..ops.activation import *  # noqa: F403
from ..ops.conv import *  # noqa: F403
from ..ops.linear import *  # noqa: F403
from ..ops.loss import *  # noqa: F403
from ..ops.pool import *  # noqa: F403
