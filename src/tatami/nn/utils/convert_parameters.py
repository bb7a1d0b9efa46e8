"""All parameters as one vector."""

from __future__ import annotations

from collections.abc import Iterable

from ...ops.joining import cat
from ...tensor import Tensor

__all__ = ["parameters_to_vector", "vector_to_parameters"]


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """Join parameters to one vector.

    Example:
        >>> import tatami
        >>> layer = tatami.nn.Linear(2, 3)
        >>> tatami.nn.utils.parameters_to_vector(layer.parameters()).shape
        torch.Size([9])
    """
    return cat([parameter.view(-1) for parameter in parameters])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Take parameters out of one vector, in their order.

    Args:
        vec: the vector.
        parameters: tensors whose elements are replaced.

    Raises:
        TypeError: ``vec`` is no tensor.

    Example:
        >>> import tatami
        >>> layer = tatami.nn.Linear(1, 1)
        >>> values = tatami.tensor([2.0, 3.0])
        >>> tatami.nn.utils.vector_to_parameters(values, layer.parameters())
        >>> layer.bias
        Parameter containing:
        tensor([3.], requires_grad=True)
    """
    if not isinstance(vec, Tensor):
        raise TypeError(f"expected torch.Tensor, but got: {type(vec).__name__}")
    start = 0
    for parameter in parameters:
        end = start + parameter.numel()
        parameter.data = vec[start:end].view_as(parameter).data
        start = end
