"""Signing out on both sides (SAML Profiles, section 4.4): messages made, and messages verified."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from lxml import etree

from sso.facts import IdentityProvider, Policy, ServiceProvider
from sso.protocols.saml import (
    conditions,
    incoming,
    library,
    moments,
    outgoing,
    precheck,
    subjects,
)
from sso.protocols.saml.checks import Check, refused
from sso.protocols.saml.incoming import Incoming
from sso.protocols.saml.names import FAILURE, SUCCESS, saml, samlp
from sso.protocols.saml.outgoing import Outgoing
from sso.protocols.saml.subjects import NameID

_MOST_SESSIONS = 100
_LIFE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Requested:
    """Whom a provider wants signed out: in these sessions there, in all of them when empty."""

    request_id: str
    name_id: NameID
    session_indexes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answered:
    """What a provider says to our request to sign somebody out."""

    in_response_to: str
    is_success: bool


def request(
    sp: ServiceProvider,
    idp: IdentityProvider,
    *,
    name_id: NameID,
    session_index: str,
    request_id: str,
    relay_state: str,
    now: datetime,
) -> Outgoing:
    """Ask a provider to sign somebody out, from one session there or, without index, from all."""
    root = outgoing.message(
        "LogoutRequest",
        ID=request_id,
        IssueInstant=moments.written(now),
        Destination=idp.slo_url,
        NotOnOrAfter=moments.written(now + _LIFE),
    )
    outgoing.told(root, saml("Issuer"), sp.entity_id)
    qualifiers = {
        "Format": name_id.format,
        "NameQualifier": name_id.name_qualifier,
        "SPNameQualifier": name_id.sp_name_qualifier,
    }
    told = {name: value for name, value in qualifiers.items() if value}
    outgoing.told(root, saml("NameID"), name_id.value, **told)
    if session_index:
        outgoing.told(root, samlp("SessionIndex"), session_index)
    return outgoing.sent(
        root,
        "SAMLRequest",
        to=idp.slo_url,
        binding=idp.slo_binding,
        relay_state=relay_state,
        key=sp.keys[0],
    )


def answer(
    sp: ServiceProvider,
    idp: IdentityProvider,
    *,
    answer_id: str,
    in_response_to: str,
    relay_state: str,
    is_success: bool,
    now: datetime,
) -> Outgoing:
    """Answer a provider's request; ``relay_state`` is what it came with, unread."""
    to = idp.slo_answer_url or idp.slo_url
    root = outgoing.message(
        "LogoutResponse",
        ID=answer_id,
        IssueInstant=moments.written(now),
        Destination=to,
        InResponseTo=in_response_to,
    )
    outgoing.told(root, saml("Issuer"), sp.entity_id)
    status = outgoing.told(root, samlp("Status"))
    outgoing.told(status, samlp("StatusCode"), Value=SUCCESS if is_success else FAILURE)
    return outgoing.sent(
        root,
        "SAMLResponse",
        to=to,
        binding=idp.slo_binding,
        relay_state=relay_state,
        key=sp.keys[0],
    )


def requested(
    message: Incoming,
    *,
    sp: ServiceProvider,
    idp: IdentityProvider,
    policy: Policy,
    now: datetime,
) -> Requested:
    """
    Verify a provider's request to sign somebody out.

    :raises Refused: not signed by the provider, not for us, too old, or it names nobody
    """
    skew = timedelta(seconds=policy.clock_skew)
    with library.foreign_errors(Check.LOGOUT):
        root = incoming.verified(message, "SAMLRequest", local="LogoutRequest", idp=idp, now=now)
        _judge(root, sp=sp, idp=idp, now=now, skew=skew)
        ends_at = moments.told(root, "NotOnOrAfter", check=Check.VALIDITY)
        if ends_at is not None and ends_at + skew <= now:
            raise refused(Check.VALIDITY, "expired")
        indexes = [node.text for node in root.findall(samlp("SessionIndex"))]
        if len(indexes) > _MOST_SESSIONS:
            raise refused(Check.LOGOUT, "names too many sessions")
        return Requested(
            request_id=root.get("ID", ""),
            name_id=_name_id(root, sp=sp),
            session_indexes=tuple(subjects.session_index(index) for index in indexes),
        )


def answered(
    message: Incoming,
    *,
    sp: ServiceProvider,
    idp: IdentityProvider,
    policy: Policy,
    request_id: str,
    now: datetime,
) -> Answered:
    """
    Verify a provider's answer to our request ``request_id``.

    :raises Refused: not signed by the provider, not for us, too old, or to another request
    """
    skew = timedelta(seconds=policy.clock_skew)
    with library.foreign_errors(Check.LOGOUT):
        root = incoming.verified(message, "SAMLResponse", local="LogoutResponse", idp=idp, now=now)
        _judge(root, sp=sp, idp=idp, now=now, skew=skew)
        if root.get("InResponseTo") != request_id:
            raise refused(Check.IN_RESPONSE_TO, "answers another request")
        code = root.find(f"{samlp('Status')}/{samlp('StatusCode')}")
        is_success = code is not None and code.get("Value") == SUCCESS
        return Answered(in_response_to=request_id, is_success=is_success)


def _judge(
    root: etree._Element,
    *,
    sp: ServiceProvider,
    idp: IdentityProvider,
    now: datetime,
    skew: timedelta,
) -> None:
    conditions.judge_issuer(root, expected=idp.entity_id)
    conditions.judge_destination(root, expected=sp.sls_url)
    conditions.judge_age(root, now=now, skew=skew)


def _name_id(root: etree._Element, *, sp: ServiceProvider) -> NameID:
    wrapper = root.find(saml("EncryptedID"))
    if wrapper is not None:
        # The signature of the message, which is always there, covers the cipher.
        precheck.judge_encrypted(wrapper)
        root = library.opened(root, saml("EncryptedID"), keys=sp.keys)
    precheck.judge_nothing_encrypted(root)
    return subjects.name_id(root, sp_entity_id=sp.entity_id)
