"""Whom an assertion is for, and when: what python3-saml lets pass although it must not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from lxml import etree

from sso.facts import IdentityProvider, Policy, ServiceProvider
from sso.protocols.saml import moments
from sso.protocols.saml.checks import Check, quoted, refused
from sso.protocols.saml.names import BEARER, ENTITY, saml

# How long ago an assertion or message may have been made. A person who is sent back reaches us
# within seconds; one kept for longer was stolen or found.
AGE = timedelta(minutes=10)
# How old a proof may be that was asked for anew, when nobody knows when: a request lives no longer.
_FRESH = AGE
_WIDEST_SKEW = timedelta(seconds=120)
_KNOWN = frozenset(saml(name) for name in ("AudienceRestriction", "OneTimeUse", "ProxyRestriction"))


@dataclass(frozen=True, slots=True)
class Expected:
    """What one answer must agree with."""

    sp: ServiceProvider
    idp: IdentityProvider
    policy: Policy
    request_id: str | None
    now: datetime

    @property
    def skew(self) -> timedelta:
        """Return how far the provider's clock may be off, either way."""
        return timedelta(seconds=self.policy.clock_skew)


def judge_issuer(element: etree._Element, *, expected: str) -> None:
    """
    Require the provider as issuer, by equality.

    :raises Refused: missing, several, or another
    """
    issuers = element.findall(saml("Issuer"))
    if len(issuers) != 1:
        raise refused(Check.ISSUER, "missing, or several")
    if issuers[0].text != expected:
        raise refused(Check.ISSUER, f"{quoted(issuers[0].text)} is another provider")
    if issuers[0].get("Format", ENTITY) != ENTITY:
        raise refused(Check.ISSUER, "not a provider")


def judge_destination(message: etree._Element, *, expected: str) -> None:
    """
    Require our address by equality: one that merely begins with it is somebody else's.

    :raises Refused: missing or another
    """
    if message.get("Destination") != expected:
        raise refused(Check.DESTINATION, f"{quoted(message.get('Destination'))} is not our address")


def judge_age(message: etree._Element, *, now: datetime, skew: timedelta) -> datetime:
    """
    Return when a message was made: in the last ten minutes.

    :raises Refused: it does not say, or says another time
    """
    made_at = moments.required(message, "IssueInstant", check=Check.AGE)
    if made_at > now + skew:
        raise refused(Check.AGE, "made in the future")
    if made_at < now - AGE - skew:
        raise refused(Check.AGE, "made too long ago")
    return made_at


def judge_request(
    response: etree._Element, confirmation: etree._Element, *, expected: Expected
) -> None:
    """
    Require an answer to this request, or to none where that is allowed.

    Only the assertion may be signed, so its confirmation must say it; the response could have been
    stripped (login CSRF).

    :raises Refused: it answers another one, or none
    """
    told = confirmation.get("InResponseTo")
    if expected.request_id is None:
        if not expected.policy.allows_unsolicited:
            raise refused(Check.IN_RESPONSE_TO, "unsolicited, which this connection forbids")
        if told is not None or response.get("InResponseTo") is not None:
            raise refused(Check.IN_RESPONSE_TO, "answers a request that is not this browser's")
        return
    if told is None:
        raise refused(Check.IN_RESPONSE_TO, "unsolicited, although there is a request")
    if {told, response.get("InResponseTo", told)} != {expected.request_id}:
        raise refused(Check.IN_RESPONSE_TO, "answers another request")


def judge_audience(conditions: etree._Element, *, expected: str) -> None:
    """
    Require us in every restriction, and one at least (SAML Core, section 2.5.1.4).

    :raises Refused: one leaves us out, there is none, or a condition is not understood
    """
    restrictions = conditions.findall(saml("AudienceRestriction"))
    if not restrictions:
        raise refused(Check.AUDIENCE, "missing")
    for restriction in restrictions:
        audiences = [node.text for node in restriction.findall(saml("Audience"))]
        if expected not in audiences:
            raise refused(Check.AUDIENCE, f"{quoted(audiences[0] if audiences else None)} only")
    # What is not understood is not fulfilled (section 2.5.1.1).
    if any(child.tag not in _KNOWN for child in conditions):
        raise refused(Check.AUDIENCE, "has a condition that is not understood")


def confirmation_of(subject: etree._Element) -> etree._Element:
    """
    Return the data of the one confirmation, which is bearer's (SAML Profiles, section 4.1.4.2).

    :raises Refused: none, several, or of another method
    """
    found = subject.findall(saml("SubjectConfirmation"))
    if len(found) != 1 or found[0].get("Method") != BEARER:
        raise refused(Check.CONFIRMATION, "not exactly one of a bearer")
    details = found[0].find(saml("SubjectConfirmationData"))
    if details is None:
        raise refused(Check.CONFIRMATION, "has no data")
    return details


def judge_recipient(confirmation: etree._Element, *, expected: str) -> None:
    """
    Require our address by equality: python3-saml is content to find it inside another.

    :raises Refused: missing or another
    """
    if confirmation.get("Recipient") != expected:
        raise refused(
            Check.RECIPIENT, f"{quoted(confirmation.get('Recipient'))} is not our address"
        )


def judge_validity(limited: etree._Element, *, now: datetime, skew: timedelta) -> datetime:
    """
    Return when conditions or a confirmation end; they must, and must have begun.

    :raises Refused: not valid now, or without an end
    """
    begins_at = moments.told(limited, "NotBefore", check=Check.VALIDITY)
    ends_at = moments.required(limited, "NotOnOrAfter", check=Check.VALIDITY)
    if begins_at is not None and begins_at > now + skew:
        raise refused(Check.VALIDITY, "not valid yet")
    if ends_at + skew <= now:
        raise refused(Check.VALIDITY, "expired")
    return ends_at


def authenticated_at(statement: etree._Element, *, expected: Expected) -> datetime:
    """
    Return when the person proved themselves, never later than now.

    :raises Refused: too long ago for this connection or request, in the future, or their session
        at the provider has ended
    """
    told = moments.required(statement, "AuthnInstant", check=Check.AUTHENTICATION)
    ends_at = moments.told(statement, "SessionNotOnOrAfter", check=Check.AUTHENTICATION)
    if told > expected.now + expected.skew:
        raise refused(Check.AUTHENTICATION, "in the future")
    if ends_at is not None and ends_at + expected.skew <= expected.now:
        raise refused(Check.AUTHENTICATION, "the session at the provider has ended")
    age = expected.now - told - expected.skew
    if expected.policy.max_age is not None and age.total_seconds() > expected.policy.max_age:
        raise refused(Check.AUTHENTICATION, "longer ago than this connection allows")
    asked_at = expected.policy.asked_at or expected.now - _FRESH
    if expected.policy.is_proof_wanted and told + expected.skew < asked_at:
        raise refused(Check.AUTHENTICATION, "not anew, although that was asked for")
    return min(told, expected.now)


def usable_until(*, made_at: datetime, ends_at: datetime) -> datetime:
    """Say when a document would be refused for its age, whatever skew a connection allows."""
    return min(made_at + AGE, ends_at) + _WIDEST_SKEW
