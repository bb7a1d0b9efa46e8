"""Images: data sets, transforms, networks and files, under torchvision's names."""

from . import datasets, io, models, transforms, utils

__all__ = ["datasets", "io", "models", "transforms", "utils"]
