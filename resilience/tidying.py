"""
What Django does before and after each request, and nothing here needs.

It looks through all connections for queries to forget, which only debugging notes; for old
connections at the beginning, which ended with the request before, since none is kept beyond its
request (``CONN_MAX_AGE`` is 0); and for caches to close, of which ours has nothing open. Each look
costs as much as the log line of a request. What ends the connections of a request stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.cache import close_caches
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, reset_queries


def leave_out(databases: Mapping[str, Mapping[str, Any]]) -> None:
    """Take out of Django's signals what would do nothing; it is safe to call again."""
    request_finished.disconnect(close_caches)
    if not any(config.get("CONN_MAX_AGE") for config in databases.values()):
        request_started.disconnect(close_old_connections)
    if not settings.DEBUG:
        request_started.disconnect(reset_queries)
