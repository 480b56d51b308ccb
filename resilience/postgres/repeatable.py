"""
Work that may be done twice, and so needs no connection that has just answered.

Whoever is lent a connection is told by a question to the server whether it still lives, and that
costs as much as the statement of one row that follows. Reading, and changing what comes out the
same when it is changed again, may as well find out by itself.
"""

from __future__ import annotations

from collections.abc import Callable

from django import db

from resilience.postgres.base import DatabaseWrapper, Outcome


def repeatable(work: Callable[[], Outcome], *, alias: str = db.DEFAULT_DB_ALIAS) -> Outcome:
    """
    Do ``work``, and once more on a connection that was asked, if it did not get an answer.

    It is of a few statements that take much less than a second, and outside a transaction, or in
    one of the caller's, in which it is done once. The first try may have been carried out although
    its answer was lost.

    :raises django.db.Error: there is no connection to be had, or the work failed on one that lives
    """
    wrapper = db.connections[alias]
    return wrapper.again_if_lost(work) if isinstance(wrapper, DatabaseWrapper) else work()
