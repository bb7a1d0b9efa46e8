"""The base of all optimizers: parameter groups, state, hooks and checkpoints."""

from __future__ import annotations

import functools
import warnings
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable
from copy import deepcopy
from itertools import chain
from typing import Any

import numpy as np

from .. import kernels
from ..autograd.hooks import RemovableHandle
from ..tensor import Tensor

__all__ = [
    "Optimizer",
    "register_optimizer_step_post_hook",
    "register_optimizer_step_pre_hook",
]

Closure = Callable[[], Any]
StateDict = dict[str, Any]

_HOOKS = ("step_pre", "step_post", "state_dict_pre", "state_dict_post",
          "load_state_dict_pre", "load_state_dict_post")  # fmt: skip
_all_pre_hooks: OrderedDict[int, Callable[..., Any]] = OrderedDict()
_all_post_hooks: OrderedDict[int, Callable[..., Any]] = OrderedDict()

# What a checkpoint written before an option existed stands for.
_BEFORE_THE_OPTION = {
    "amsgrad": False, "capturable": False, "centered": False,
    "decoupled_weight_decay": False, "differentiable": False, "foreach": None,
    "fused": None, "maximize": False, "momentum": 0, "nesterov": False,
}  # fmt: skip


class _Required:
    """Mark an option that each parameter group has to give."""

    def __repr__(self) -> str:
        return "<required parameter>"


required = _Required()


def register_optimizer_step_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(optimizer, args, kwargs)`` before each step of every optimizer.

    Example:
        >>> from tatami.optim.optimizer import register_optimizer_step_pre_hook
        >>> handle = register_optimizer_step_pre_hook(lambda *arguments: None)
        >>> handle.remove()
    """
    return RemovableHandle.add(_all_pre_hooks, hook)


def register_optimizer_step_post_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(optimizer, args, kwargs)`` after each step of every optimizer.

    Example:
        >>> from tatami.optim.optimizer import register_optimizer_step_post_hook
        >>> handle = register_optimizer_step_post_hook(lambda *arguments: None)
        >>> handle.remove()
    """
    return RemovableHandle.add(_all_post_hooks, hook)


def _with_hooks(step: Callable[..., Any]) -> Callable[..., Any]:
    """Let the hooks of an optimizer run around its ``step``."""

    @functools.wraps(step)
    def hooked(self: Any, *args: Any, **kwargs: Any) -> Any:
        if self._step_seen is False:
            self._step_seen = True
        before, after = self._optimizer_step_pre_hooks, self._optimizer_step_post_hooks
        if not (before or after or _all_pre_hooks or _all_post_hooks):
            return step(self, *args, **kwargs)
        if type(self).step is not hooked:
            return step(self, *args, **kwargs)
        for hook in [*_all_pre_hooks.values(), *before.values()]:
            changed = _hooked_arguments(step, hook(self, args, kwargs))
            args, kwargs = (args, kwargs) if changed is None else changed
        result = step(self, *args, **kwargs)
        for hook in [*after.values(), *_all_post_hooks.values()]:
            hook(self, args, kwargs)
        return result

    return hooked


def _hooked_arguments(step: Any, result: Any) -> Any:
    if result is None or (isinstance(result, tuple) and len(result) == 2):
        return result
    raise RuntimeError(
        f"{step} must return None or a tuple of (new_args, new_kwargs), "
        f"but got {result}."
    )


class Optimizer:
    """Hold parameters in groups with their options, and the state of each parameter.

    A subclass gives ``defaults`` and a ``step``. Optimizers of the package derive from
    ``GroupOptimizer``, which does a step with one kernel call for each group.

    Args:
        params: tensors, ``(name, tensor)`` pairs, or dictionaries with the tensors of a
            group under ``"params"`` and options of its own.
        defaults: options of groups that don't give their own.

    Raises:
        TypeError: ``params`` is a tensor, or something in it is not one.
        ValueError: there are no parameters, or one of them is not a leaf.

    Example:
        >>> import tatami
        >>> weight = tatami.ones(2, requires_grad=True)
        >>> tatami.optim.SGD([weight], lr=0.1).param_groups[0]["lr"]
        0.1
    """

    # Whether a step was made since a scheduler took interest in it.
    _step_seen: bool | None = None

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "step" in cls.__dict__:
            cls.step = _with_hooks(cls.__dict__["step"])  # type: ignore[method-assign]

    def __init__(self, params: Iterable[Any], defaults: dict[str, Any]) -> None:
        if isinstance(params, Tensor):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of "
                f"Tensors or dicts, but got {_type_name(params)}"
            )
        self.defaults = defaults
        self._make_hooks()
        self.state: defaultdict[Any, Any] = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        groups = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    def _make_hooks(self) -> None:
        for name in _HOOKS:
            self.__dict__.setdefault(f"_optimizer_{name}_hooks", OrderedDict())

    def __getstate__(self) -> dict[str, Any]:
        names = ("defaults", "state", "param_groups")
        return {name: self.__dict__[name] for name in names}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._make_hooks()
        for group in self.param_groups:
            for name in self.defaults.keys() & _BEFORE_THE_OPTION.keys():
                group.setdefault(name, _BEFORE_THE_OPTION[name])

    def __repr__(self) -> str:
        text = f"{type(self).__name__} ("
        for i, group in enumerate(self.param_groups):
            names = sorted(name for name in group if name != "params")
            lines = [f"    {name}: {group[name]}\n" for name in names]
            text += f"\nParameter Group {i}\n" + "".join(lines)
        return text + ")"

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add parameters with options of their own.

        Args:
            param_group: the tensors under ``"params"``, and options.

        Raises:
            TypeError: the group is not a dictionary, or holds what is not a tensor.
            ValueError: a tensor is not a leaf, or is in another group already.

        Example:
            >>> import tatami
            >>> weight, bias = (tatami.ones(2, requires_grad=True) for _ in "wb")
            >>> optimizer = tatami.optim.SGD([weight], lr=0.1)
            >>> optimizer.add_param_group({"params": [bias], "lr": 0.01})
        """
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        params, names = _named(param_group["params"])
        self._check_params(params)
        group = {**self.defaults, **param_group, "params": params}
        for name in self.defaults:
            if group[name] is required:
                raise ValueError(
                    "parameter group didn't specify a value of required optimization "
                    f"parameter {name}"
                )
        if names:
            group["param_names"] = names
        self._check_group(group)
        param_group.update(group)
        self.param_groups.append(param_group)

    def _check_params(self, params: list[Any]) -> None:
        for param in params:
            if not isinstance(param, Tensor):
                raise TypeError(
                    "optimizer can only optimize Tensors, but one of the params is "
                    f"{_type_name(param)}"
                )
            if not (param.is_leaf or param.retains_grad):
                raise ValueError("can't optimize a non-leaf Tensor")

    def _check_group(self, group: dict[str, Any]) -> None:
        params = group["params"]
        if len(params) != len(set(params)):
            warnings.warn(
                "optimizer contains a parameter group with duplicate parameters; "
                "in future, this will cause an error; "
                "see github.com/pytorch/pytorch/issues/40967 for more information",
                stacklevel=4,
            )
        for other in self.param_groups:
            if ("param_names" in group) != ("param_names" in other):
                which = "with names" if "param_names" in group else "without names"
                raise ValueError(
                    "all optimizer param groups should be with/without names. "
                    f"cannot add param group {which} to the optimizer"
                )
        known = set(chain.from_iterable(g["params"] for g in self.param_groups))
        if not known.isdisjoint(params):
            raise ValueError("some parameters appear in more than one parameter group")

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters.

        Args:
            set_to_none: set them to None; otherwise fill them with zeros.

        Example:
            >>> import tatami
            >>> weight = tatami.ones(2, requires_grad=True)
            >>> weight.sum().backward()
            >>> tatami.optim.SGD([weight]).zero_grad()
            >>> weight.grad is None
            True
        """
        for group in self.param_groups:
            for param in group["params"]:
                if set_to_none:
                    param._grad = None
                elif param._grad is not None:
                    _make_zero(param._grad)

    def step(self, closure: Closure | None = None) -> Any:
        """Change the parameters; a subclass says how."""
        raise NotImplementedError

    def _register(
        self, kind: str, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        hooks = self.__dict__[f"_optimizer_{kind}_hooks"]
        handle = RemovableHandle.add(hooks, hook)
        if prepend:
            hooks.move_to_end(handle.id, last=False)
        return handle

    def register_step_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` before each step.

        What the hook returns, if not None, are the arguments the step gets instead.
        """
        return self._register("step_pre", hook)

    def register_step_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` after each step."""
        return self._register("step_post", hook)

    def register_state_dict_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer)`` before ``state_dict`` is made."""
        return self._register("state_dict_pre", hook, prepend)

    def register_state_dict_post_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer, state_dict)``; it may return another dictionary."""
        return self._register("state_dict_post", hook, prepend)

    def register_load_state_dict_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer, state_dict)``; it may return another dictionary."""
        return self._register("load_state_dict_pre", hook, prepend)

    def register_load_state_dict_post_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer)`` after a state was loaded."""
        return self._register("load_state_dict_post", hook, prepend)

    def state_dict(self) -> StateDict:
        """Return the options and the state, with parameters replaced by numbers.

        Returns:
            a dictionary with ``"state"`` and ``"param_groups"``, as PyTorch's. Its
            tensors are those of the optimizer, not copies.

        Example:
            >>> import tatami
            >>> weight = tatami.ones(2, requires_grad=True)
            >>> tatami.optim.SGD([weight]).state_dict()["param_groups"][0]["params"]
            [0]
        """
        for hook in self._hooks("state_dict_pre"):
            hook(self)
        numbers: dict[Any, int] = {}
        groups, position = [], 0
        for group in self.param_groups:
            for i, param in enumerate(group["params"], position):
                numbers.setdefault(param, i)
            packed = {key: group[key] for key in group if key != "params"}
            packed["params"] = [numbers[param] for param in group["params"]]
            position += len(group["params"])
            groups.append(packed)
        state = {numbers.get(key, key): value for key, value in self.state.items()}
        result = {"state": state, "param_groups": groups}
        for hook in self._hooks("state_dict_post"):
            changed = hook(self, result)
            result = result if changed is None else changed
        return result

    def load_state_dict(self, state_dict: StateDict) -> None:
        """Take options and state over from what ``state_dict`` returned.

        Args:
            state_dict: of this package or of PyTorch. As in PyTorch, tensors of the
                right type are taken without a copy.

        Raises:
            ValueError: the groups differ in number or size.

        Example:
            >>> import tatami
            >>> weight = tatami.ones(2, requires_grad=True)
            >>> first, second = (tatami.optim.SGD([weight], lr) for lr in (0.1, 0.2))
            >>> second.load_state_dict(first.state_dict())
            >>> second.param_groups[0]["lr"]
            0.1
        """
        state_dict = state_dict.copy()
        for hook in self._hooks("load_state_dict_pre"):
            changed = hook(self, state_dict)
            state_dict = state_dict if changed is None else changed
        saved = deepcopy(state_dict["param_groups"])
        self._check_saved(saved)
        params = {
            number: param
            for theirs, ours in zip(saved, self.param_groups, strict=True)
            for number, param in zip(theirs["params"], ours["params"], strict=True)
        }
        state: defaultdict[Any, Any] = defaultdict(dict)
        for key, value in state_dict["state"].items():
            if key in params:
                state[params[key]] = _fitted(params[key], value)
            else:
                state[key] = value
        for theirs, ours in zip(saved, self.param_groups, strict=True):
            theirs["params"] = ours["params"]
            if "param_names" in ours:
                theirs.setdefault("param_names", ours["param_names"])
        self.__setstate__({"state": state, "param_groups": saved})
        for hook in self._hooks("load_state_dict_post"):
            hook(self)

    def _hooks(self, kind: str) -> list[Callable[..., Any]]:
        return list(self.__dict__[f"_optimizer_{kind}_hooks"].values())

    def _check_saved(self, saved: list[dict[str, Any]]) -> None:
        if len(saved) != len(self.param_groups):
            raise ValueError(
                "loaded state dict has a different number of parameter groups"
            )
        for theirs, ours in zip(saved, self.param_groups, strict=True):
            if len(theirs["params"]) != len(ours["params"]):
                raise ValueError(
                    "loaded state dict contains a parameter group that doesn't match "
                    "the size of optimizer's group"
                )


def _type_name(value: Any) -> str:
    if isinstance(value, Tensor):
        return str(value.type())
    kind = type(value)
    module = "" if kind.__module__ == "builtins" else kind.__module__ + "."
    return module + kind.__qualname__


def _named(params: Any) -> tuple[list[Any], list[str]]:
    """Return the parameters of a group, and their names if they have any."""
    if isinstance(params, Tensor):
        return [params], []
    if isinstance(params, set):
        raise TypeError(
            "optimizer parameters need to be organized in ordered collections, but the "
            "ordering of tensors in sets will change between runs. Please use a list "
            "instead."
        )
    items = list(params)
    names = [item[0] for item in items if isinstance(item, tuple)]
    if names and len(names) != len(items):
        raise ValueError(
            "all optimizer params should be with/without names. "
            "Some param names are missing"
        )
    return [item[1] if isinstance(item, tuple) else item for item in items], names


def _make_zero(grad: Tensor) -> None:
    if grad._node is not None:
        grad.detach_()
    grad._requires_grad = False
    zero = np.zeros((), grad._array.dtype)
    kernels.assign(grad._array, np.broadcast_to(zero, grad._array.shape))
    grad._counter[0] += 1


def _fitted(param: Tensor, value: Any, key: Any = None) -> Any:
    """Return saved state in the type of its parameter; the step count stays."""
    if isinstance(value, Tensor):
        keep = key == "step" or not param.is_floating_point()
        return value if keep else value.to(param.dtype)
    if isinstance(value, dict):
        return {name: _fitted(param, inner, name) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_fitted(param, inner) for inner in value)
    return value
