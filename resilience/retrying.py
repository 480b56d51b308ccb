"""
Trying a transaction again that was undone for another one's sake.

PostgreSQL ends a deadlock, or two transactions that cannot both be true, by undoing one of them.
The one undone did nothing wrong, and whoever asked for it need not know.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import ParamSpec, TypeVar

import structlog
from django import db

from plinto.kernel.database import is_conflict, is_in_transaction
from resilience import backoff

log = structlog.get_logger(__name__)

AGAIN = 3
# The other transaction goes on at once; a draw keeps two that were undone from meeting again.
_BASE, _CAP = timedelta(milliseconds=20), timedelta(milliseconds=100)

Given = ParamSpec("Given")
Outcome = TypeVar("Outcome")


def after_conflicts(work: Callable[Given, Outcome]) -> Callable[Given, Outcome]:
    """
    Let ``work``, which opens its own transaction, run again after a conflict, three times at most.

    Whatever it does outside its transaction is done each time. The last conflict goes up.

    :raises RuntimeError: a transaction is open, of which only a part could be tried again
    """

    @wraps(work)
    def tried(*args: Given.args, **kwargs: Given.kwargs) -> Outcome:
        if is_in_transaction():
            raise RuntimeError(f"{work.__qualname__} must begin the transaction it tries again.")
        for attempt in range(1, AGAIN + 1):
            try:
                return work(*args, **kwargs)
            except db.OperationalError as error:
                if not is_conflict(error):
                    raise
                log.info("transaction.undone", work=work.__qualname__, attempt=attempt)
            pause = backoff.delay(attempt=attempt, base=_BASE, cap=_CAP, draw=random.random)
            time.sleep(pause.total_seconds())
        return work(*args, **kwargs)

    return tried
