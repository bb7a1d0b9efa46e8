"""The NumPy definition of every kernel: what it means, and what runs without C++."""

from .conv import *  # noqa: F403
from .decomposition import *  # noqa: F403
from .elementwise import *  # noqa: F403
from .linalg import *  # noqa: F403
from .loss import *  # noqa: F403
from .movement import *  # noqa: F403
from .optim import *  # noqa: F403
from .pool import *  # noqa: F403
from .random import *  # noqa: F403
from .reduce import *  # noqa: F403
from .special import *  # noqa: F403
