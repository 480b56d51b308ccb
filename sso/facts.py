"""
What protocols need to know, and what they find out: values without a database or a browser.

``ServiceProvider`` and ``IdentityProvider`` come from rows and settings, never from a request.
``Arrival`` is who came, read only from what the provider signed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Word(StrEnum):
    """What the person at the browser is told of a refusal; everything else is for the trail."""

    NOT_TRUSTED = "not_trusted"  # the provider's answer cannot be believed
    LOST = "lost"  # no sign-in of this browser waits for it
    DENIED = "denied"  # the provider itself said no
    UNAVAILABLE = "unavailable"  # the provider does not answer
    NOT_SET_UP = "not_set_up"  # the connection is off, gone, or lacks something
    NOT_ADMITTED = "not_admitted"  # the person may not come in


class Refused(Exception):
    """An answer that is not accepted; ``reason`` names the check, for the trail."""

    def __init__(self, reason: str, *, word: Word = Word.NOT_TRUSTED) -> None:
        super().__init__(reason)
        self.reason, self.word = reason, word


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A key of ours: base64 of DER both, as metadata and python3-saml want them."""

    certificate: str
    private_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ServiceProvider:
    """Plinto as one connection knows it; the first key signs, all decrypt and are published."""

    entity_id: str
    acs_url: str
    sls_url: str
    keys: tuple[KeyPair, ...]


@dataclass(frozen=True, slots=True)
class IdentityProvider:
    """Who may vouch: what its metadata said."""

    entity_id: str
    sso_url: str
    certificates: tuple[str, ...]
    sso_binding: str = "redirect"
    slo_url: str = ""
    slo_answer_url: str = ""
    slo_binding: str = "redirect"


@dataclass(frozen=True, slots=True)
class Policy:
    """
    What a connection asks of an assertion beyond what is asked of all.

    ``clock_skew`` in seconds; ``max_age`` in seconds since the person proved themselves, None when
    it does not matter. ``is_proof_wanted`` when the request asked for a fresh proof, which must
    then be no older than ``asked_at``. With ``subject_attribute`` people are known by its one
    value instead of by their NameID.
    """

    clock_skew: int = 60
    wants_encrypted: bool = False
    allows_unsolicited: bool = False
    max_age: int | None = None
    is_proof_wanted: bool = False
    subject_attribute: str = ""
    asked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Arrival:
    """
    Who came, as their provider says, before any mapping.

    ``subject`` is the NameID, or ``sub``; ``attributes`` are all values under their names.
    ``methods`` are names of RFC 8176 and ``authenticated_at`` when the person proved themselves,
    as far as the provider tells. ``session_index`` (SAML, or ``sid``) and ``hint`` (the NameID as
    XML facts, or the ID token) are what signing out there needs.
    """

    subject: str
    attributes: Mapping[str, tuple[str, ...]]
    methods: tuple[str, ...] = ()
    authenticated_at: datetime | None = None
    session_index: str = ""
    hint: str = field(default="", repr=False)
    email_verified: bool = False
