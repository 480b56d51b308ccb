"""Answers that take one time, whatever was found on the way to them."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

Given = ParamSpec("Given")
Answer = TypeVar("Answer")

# About what a password's hash takes; the doors that use it are done in a third of it.
_SECONDS = 0.025


def evenly(method: Callable[Given, Answer]) -> Callable[Given, Answer]:
    """
    Let a method return, or raise, no sooner than 25 ms after it was called (ASVS 6.3.8).

    The same work for known and unknown still differs by what a row costs to read and to lock, a
    fifth of a millisecond, which a few hundred answers would tell.
    """

    @wraps(method)
    def waiting(*given: Given.args, **named: Given.kwargs) -> Answer:
        ends_at = time.monotonic() + _SECONDS
        try:
            return method(*given, **named)
        finally:
            time.sleep(max(0.0, ends_at - time.monotonic()))

    return waiting
