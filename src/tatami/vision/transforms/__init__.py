"""Transforms of images, under torchvision's names."""

from . import functional as functional
from . import v2 as v2
from .colour import *
from .combine import *
from .convert import *
from .interpolation import InterpolationMode as InterpolationMode
from .motion import *
from .shape import *
