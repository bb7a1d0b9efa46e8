"""Transforms of images, under torchvision's names."""

from . import functional as functional
from . import v2 as v2
from .colour import *  # noqa: F403
from .combine import *  # noqa: F403
from .convert import *  # noqa: F403
from .interpolation import InterpolationMode as InterpolationMode
from .motion import *  # noqa: F403
from .shape import *  # noqa: F403
