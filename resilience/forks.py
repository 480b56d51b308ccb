"""Objects that must not carry their parent's locks, threads and memories into a forked child."""

from __future__ import annotations

import os
from typing import Protocol
from weakref import WeakSet


class Renewable(Protocol):
    def renew(self) -> None: ...


_objects: WeakSet[Renewable] = WeakSet()


def renew_after_fork(renewable: Renewable) -> None:
    """
    Call ``renewable.renew()`` in every child this process forks from now on.

    A lock that another thread held at the moment of the fork stays held in the child for ever,
    and the thread that would release it does not exist there.
    """
    _objects.add(renewable)


def _renew_all() -> None:
    for renewable in list(_objects):
        renewable.renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_all)
