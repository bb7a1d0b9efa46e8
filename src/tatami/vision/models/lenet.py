"""Small networks for small grey images: the PyTorch tutorial's, and LeNet-5."""

from __future__ import annotations

import tatami

from ... import nn
from ...nn import functional as F
from ...tensor import Tensor

__all__ = ["LeNet5", "Subsampling", "TutorialNet"]


class TutorialNet(nn.Module):
    """Be the network of the PyTorch tutorial "Neural Networks", for 32x32 images.

    Two 3x3 convolutions, each with a rectifier and a 2x2 maximum pooling, then three
    linear layers: 32 -> 30 -> 15 -> 13 -> 6, so 16 * 6 * 6 -> 120 -> 84 -> classes.

    Args:
        in_channels: channels of the images.
        num_classes: length of the output.

    Shape:
        (N, in_channels, 32, 32) -> (N, num_classes)

    Example:
        >>> import tatami
        >>> from tatami.vision.models import TutorialNet
        >>> TutorialNet()(tatami.zeros(2, 1, 32, 32)).shape
        torch.Size([2, 10])
    """

    image_size = (32, 32)

    def __init__(self, in_channels: int = 1, num_classes: int = 10) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, 6, 3)
        self.conv2 = nn.Conv2d(6, 16, 3)
        self.fc1 = nn.Linear(16 * 6 * 6, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return the score of each class."""
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = x.flatten(1)
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.fc3(x)


def squash(x: Tensor) -> Tensor:
    """Return 1.7159 tanh(2/3 x), the paper's squashing function (its equation 6)."""
    return 1.7159 * tatami.tanh(x * (2 / 3))


class Subsampling(nn.Module):
    """Average 2x2 pixels, then scale and shift each channel by trained numbers.

    Args:
        channels: number of channels.

    Shape:
        (N, channels, H, W) -> (N, channels, H // 2, W // 2)

    Example:
        >>> import tatami
        >>> Subsampling(6)(tatami.zeros(1, 6, 28, 28)).shape
        torch.Size([1, 6, 14, 14])
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(tatami.ones(channels, 1, 1))
        self.bias = nn.Parameter(tatami.zeros(channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Return the smaller maps."""
        return F.avg_pool2d(x, 2) * self.weight + self.bias


class LeNet5(nn.Module):
    """Be LeNet-5, the network of 1998 for handwritten digits, for 32x32 images.

    Layers are named as in the paper. Unlike there, C3 sees all maps of S2 rather than
    chosen ones, and the output is a linear layer rather than distances to drawn digits.

    Args:
        in_channels: channels of the images.
        num_classes: length of the output.

    Shape:
        (N, in_channels, 32, 32) -> (N, num_classes)

    Example:
        >>> import tatami
        >>> from tatami.vision.models import LeNet5
        >>> sum(p.numel() for p in LeNet5().parameters())
        61750

    Source: LeCun, Bottou, Bengio and Haffner 1998, "Gradient-based learning applied to
    document recognition", section II.B and figure 2.
    """

    image_size = (32, 32)

    def __init__(self, in_channels: int = 1, num_classes: int = 10) -> None:
        super().__init__()
        self.c1 = nn.Conv2d(in_channels, 6, 5)
        self.s2 = Subsampling(6)
        self.c3 = nn.Conv2d(6, 16, 5)
        self.s4 = Subsampling(16)
        self.c5 = nn.Conv2d(16, 120, 5)
        self.f6 = nn.Linear(120, 84)
        self.output = nn.Linear(84, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return the score of each class."""
        x = squash(self.s2(self.c1(x)))
        x = squash(self.s4(self.c3(x)))
        x = squash(self.c5(x)).flatten(1)
        x = squash(self.f6(x))
        return self.output(x)
