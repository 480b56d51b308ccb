"""Where the facts of a SAML connection come from, when somebody makes or changes one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from accounts.services import attempts
from accounts.services.attempts import Bucket, Limit
from accounts.services.organization_acts import Attempt
from sso.models import SAMLSettings
from sso.services import connection_fields, saml_metadata

# Each fetch asks a server outside, and a thread waits for it.
FETCHED = Limit("metadata", 30, timedelta(hours=1))


def said(attempt: Attempt, source: Mapping[str, Any], *, entity_id: str | None) -> dict[str, Any]:
    """Read what metadata say, fetching them if they are not there."""
    text, provider = source.get("metadata_xml") or "", source["name"]
    if text:
        xml = text.encode()
    else:
        attempts.take(Bucket.of(FETCHED, attempt.who.actor.id), now=attempt.now)
        # Outside of any transaction: the server that is asked may take its time.
        xml = saml_metadata.fetched(source["metadata_url"], provider=provider)
    return saml_metadata.columns(
        xml,
        signer=source.get("metadata_signer") or "",
        entity_id=entity_id,
        provider=provider,
        now=attempt.now,
    )


def as_metadata_say(
    attempt: Attempt, wanted: dict[str, Any], *, kept: SAMLSettings
) -> dict[str, Any]:
    """Fetch metadata if they are elsewhere from now on, or must be signed by another key."""
    before = {name: getattr(kept, name) for name in ("metadata_url", "metadata_signer")}
    after = {name: wanted.get(name, value) for name, value in before.items()}
    wanted = connection_fields.of_change(wanted, metadata_url=after["metadata_url"])
    if after == before:
        # Nothing is asked, so nothing is to look as if it had been.
        return {name: value for name, value in wanted.items() if name not in before}
    if after["metadata_url"]:
        source = {**after, "name": attempt.target.label}
        wanted |= said(attempt, source, entity_id=kept.entity_id) | after
    return wanted
