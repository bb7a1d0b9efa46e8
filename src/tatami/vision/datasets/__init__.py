"""Data sets of images, under torchvision's names."""

from .archive import ImageArchive
from .cifar import CIFAR10, CIFAR100
from .digits import Digits
from .fakedata import FakeData
from .folder import DatasetFolder, ImageFolder
from .mnist import KMNIST, MNIST, FashionMNIST, IDXFolder
from .vision import VisionDataset

__all__ = [
    "CIFAR10",
    "CIFAR100",
    "KMNIST",
    "MNIST",
    "DatasetFolder",
    "Digits",
    "FakeData",
    "FashionMNIST",
    "IDXFolder",
    "ImageArchive",
    "ImageFolder",
    "VisionDataset",
]
