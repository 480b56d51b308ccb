"""
What the OpenID provider of a connection publishes: kept by each process, and in its row.

A process that has not reached the provider yet begins with the row, so a restart while the
provider is down loses nothing. Whoever asked it anew writes the row.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from accounts.services import provider_documents
from accounts.services.code_flow import PATIENCE
from accounts.services.provider_documents import Documents, Published
from accounts.services.statements import StatementRefused
from sso.models import Connection, OIDCSettings
from sso.protocols import oidc


def of(connection: Connection) -> Documents:
    """Return what this process knows of a connection's provider, or else what its row says."""
    row = connection.oidc
    documents = provider_documents.of(row.issuer)
    if row.metadata and row.keys:
        # A row of before the issuer was changed is of no use.
        with suppress(StatementRefused):
            documents.recall(Published(row.metadata, row.keys))
    return documents


@contextmanager
def kept(connection: Connection) -> Iterator[None]:
    """Write down what the provider published, if it was asked for that meanwhile."""
    documents = of(connection)
    before = documents.fetched()
    yield
    after = documents.fetched()
    if after is not None and after != before:
        keep(connection, after)


def refresh(connection: Connection) -> Mapping[str, tuple[Any, Any]]:
    """
    Ask a connection's provider for its metadata and keys, and keep them in the row.

    Returns what became different, before and after: under ``metadata`` the members concerned,
    under ``keys`` the ids of all. What was good last stays if it fails. Not for transactions.

    :raises Refused: the provider did not answer within eight seconds, or nothing of use
    """
    with oidc.refusing():
        published = of(connection).renew(until=time.monotonic() + PATIENCE)
    return keep(connection, published)


def keep(connection: Connection, published: Published) -> Mapping[str, tuple[Any, Any]]:
    """Write down what a provider said, and return what became different by it."""
    row = connection.oidc
    changes = _differences(row, published)
    if changes:
        metadata, keys = dict(published.metadata), dict(published.keys)
        # Not if the connection was pointed at another provider meanwhile.
        OIDCSettings.objects.filter(pk=row.pk, issuer=row.issuer).update(
            metadata=metadata, keys=keys
        )
        row.metadata, row.keys = metadata, keys
    return changes


def _differences(row: OIDCSettings, published: Published) -> dict[str, tuple[Any, Any]]:
    before, after = row.metadata or {}, published.metadata
    names = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    changes: dict[str, tuple[Any, Any]] = {}
    if names:
        changes["metadata"] = (_only(names, before), _only(names, after))
    if row.keys != published.keys:
        changes["keys"] = (_ids(row.keys), _ids(published.keys))
    return changes


def _only(names: set[str], said: Mapping[str, Any]) -> dict[str, Any]:
    return {name: said[name] for name in sorted(names) if name in said}


def _ids(keys: Any) -> list[str]:
    listed = keys["keys"] if keys else []
    return [str(each.get("kid", "")) for each in listed]
