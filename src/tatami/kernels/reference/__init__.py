"""The NumPy definition of every kernel: what it means, and what runs without C++."""

from .activation import *
from .conv import *
from .decomposition import *
from .elementwise import *
from .fused import *
from .fused_conv import *
from .linalg import *
from .loss import *
from .movement import *
from .norm import *
from .optim import *
from .pool import *
from .random import *
from .reduce import *
from .sequence import *
from .special import *
