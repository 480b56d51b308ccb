"""
The registry of injectable services (svcs).

Instances are stateless and built once per process, on first use. Tests and deployments replace
one with ``override``; it restores what was there before.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar, cast

import svcs

Service = TypeVar("Service")

_registry = svcs.Registry()
_container = svcs.Container(_registry)
_instances: dict[type, object] = {}
_lock = threading.RLock()


def register(port: type[Service], factory: Callable[[], Service]) -> None:
    """Declare how ``port`` is built; the last declaration before first use wins."""
    _registry.register_factory(port, factory)


def get(port: type[Service]) -> Service:
    """
    Return the process-wide instance of ``port``.

    :raises svcs.exceptions.ServiceNotFoundError: nothing was registered for it
    """
    try:
        return cast("Service", _instances[port])
    except KeyError:
        with _lock:
            if port not in _instances:
                _instances[port] = _container.get(port)
            return cast("Service", _instances[port])


@contextmanager
def override(port: type[Service], instance: Service) -> Iterator[Service]:
    """Put ``instance`` in place of ``port`` for the length of a ``with`` block."""
    missing = object()
    with _lock:
        before = _instances.get(port, missing)
        _instances[port] = instance
    try:
        yield instance
    finally:
        with _lock:
            if before is missing:
                _instances.pop(port, None)
            else:
                _instances[port] = before
