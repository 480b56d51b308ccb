"""Addresses that browsers are sent back to."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit, urlunsplit


def saying(redirect_uri: str, **said: str) -> str:
    """Add to the query of an address what its page is told."""
    parts = urlsplit(redirect_uri)
    query = "&".join(filter(None, [parts.query, urlencode(said)]))
    return urlunsplit(parts._replace(query=query))
