"""
What parts above accounts keep of organizations, and may be long: it goes before they do.

A row of theirs that points to an organization is deleted with it; but what has hundreds of
thousands of rows is deleted in portions, each in a transaction of its own, so that no lock is held
for longer than a statement may take. Such a part adds how it deletes a portion.
"""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

Shorten = Callable[[UUID], bool]

_known: list[Shorten] = []


def add(shorten: Shorten) -> None:
    """Let ``shorten`` delete a portion of what an organization has, and say if that was all."""
    _known.append(shorten)


def shorten(organization_id: UUID) -> bool:
    """Delete a portion in the caller's transaction; false if there may be more."""
    return all(each(organization_id) for each in _known)
