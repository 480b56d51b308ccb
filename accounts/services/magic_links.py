"""Mailed links that sign somebody in without their password."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts import letter_controls
from accounts.errors import InvalidCode, InvalidCredentials
from accounts.models import MagicLink, User
from accounts.services import (
    attempts,
    mailboxes,
    mailed_links,
    registrations,
    sessions,
    sso_policy,
    verification,
)
from accounts.services.attempts import Bucket
from accounts.services.mail import get_email_service
from accounts.services.pending_sign_ins import Awaiting
from accounts.services.sessions import SignedIn
from audit.events import Event
from audit.parties import ANONYMOUS, Target
from audit.services.record import get_audit_service
from plinto.kernel.crypto import new_token
from plinto.kernel.origin import Origin
from resilience.contract import enforces
from resilience.retrying import after_conflicts

LIVES_FOR = timedelta(minutes=10)
# RFC 8176 has no name for a mailed link; a secret that works once is what comes nearest.
_METHODS = ["otp"]

_NOBODY = UUID(int=0)


@enforces(letter_controls.MAGIC_LINKS)
def request(*, email: str, origin: Origin, now: datetime) -> None:
    """
    Mail a link to whoever has an account under this address; the answer never says whether.

    For nobody the same rows are written. Mail goes to the stored address, never to the submitted
    one, and a mailbox gets no more of it than strangers can make it receive in all.

    :raises ValidationError: it is not an address
    """
    address = registrations.read_address(email)
    found = User.objects.filter(email_key=address.key).first()
    user = found if found and found.is_active else None
    wait = attempts.count(Bucket.of(attempts.MAIL, address.key), now=now)
    token = new_token("pll_")
    with transaction.atomic():
        mail_id = get_email_service().queue(
            "magic_link",
            to=user.email if user else "",
            context={
                "name": user.name if user else "",
                "link": f"{settings.APP_URL}/magic-link#token={token}",
                "expires_in_minutes": LIVES_FOR // timedelta(minutes=1),
                "address": origin.address,
            },
            suppressed=bool(wait) or user is None,
            now=now,
        )
        mailed_links.write(
            MagicLink, user, token=token, mail_id=mail_id, lives_for=LIVES_FOR, now=now
        )
        get_audit_service().record(
            Event.MAGIC_LINK_REQUESTED,
            actor=ANONYMOUS,
            target=mailboxes.target_of(address),
            origin=origin,
        )


@enforces(letter_controls.MAGIC_LINKS)
@sso_policy.recorded
def enter(token: str, *, origin: Origin, now: datetime) -> SignedIn | Awaiting:
    """
    Open a session by link, or ask for the second factor; all links of the person are spent.

    An address that was not proved before is proved by it, and a password somebody chose before
    that proof is dropped.

    :raises InvalidCode: unknown, used, expired, or older than the password or address it was for
    """
    try:
        return _spend(token, origin=origin, now=now)
    except InvalidCode as refusal:
        get_audit_service().record_refusal(
            Event.SESSION_REFUSED,
            actor=ANONYMOUS,
            target=Target("magic_link"),
            origin=origin,
            reason=refusal.reason,
        )
        raise


@after_conflicts
def _spend(token: str, *, origin: Origin, now: datetime) -> SignedIn | Awaiting:
    with transaction.atomic():
        link = mailed_links.find(MagicLink, token, now=now)
        # Held for nobody too, so that time does not tell one wrong token from another.
        held = User.objects.select_for_update(no_key=True)
        user = held.filter(pk=(link and link.user_id) or _NOBODY).first()
        if link is None or user is None or not mailed_links.is_bound(link, user):
            raise InvalidCode(reason="unknown, used, expired or overtaken")
        if not mailed_links.spend(link, now=now):
            raise InvalidCode(reason="used meanwhile")
        mailed_links.spend_others(link, now=now)
        if user.email_verified_at is None:
            verification.prove_first(user, origin=origin, now=now)
        try:
            return sessions.start(
                user, methods=_METHODS, origin=origin, now=now, password_seen=user.password
            )
        except InvalidCredentials as refusal:
            raise InvalidCode(reason=refusal.reason) from refusal


def prolong(mail_id: UUID, *, sent_at: datetime) -> None:
    """Count the life of a link from when its mail was sent, when that was late."""
    mailed_links.prolong(MagicLink, mail_id, expires_at=sent_at + LIVES_FOR)


def trim(*, now: datetime) -> int:
    """Delete links that have expired."""
    return mailed_links.trim(MagicLink, now=now)
