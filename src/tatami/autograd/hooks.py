"""Handles that take a hook away again."""

from __future__ import annotations

import itertools
from typing import Any

__all__ = ["RemovableHandle"]

_identifiers = itertools.count()


class RemovableHandle:
    """Remove a hook when asked, or at the end of a ``with`` block.

    Example:
        >>> import tatami
        >>> x = tatami.ones(1, requires_grad=True)
        >>> handle = x.register_hook(lambda grad: grad * 2)
        >>> handle.remove()
    """

    def __init__(self, hooks: dict[int, Any]) -> None:
        self._hooks = hooks
        self.id = next(_identifiers)

    @classmethod
    def add(cls, hooks: dict[int, Any], hook: Any) -> RemovableHandle:
        """Put ``hook`` into ``hooks`` and return its handle."""
        handle = cls(hooks)
        hooks[handle.id] = hook
        return handle

    def remove(self) -> None:
        """Take the hook away; a second call does nothing."""
        self._hooks.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *unused: object) -> None:
        self.remove()
