"""Mailed links that set a password: for whoever forgot it, or never had one of their own."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import F

from accounts import controls
from accounts.errors import InvalidCode
from accounts.models import PasswordLink, User
from accounts.services import (
    attempts,
    mailboxes,
    mailed_links,
    passwords,
    registrations,
    sessions,
    sign_in,
    standing,
)
from accounts.services.attempts import Bucket
from accounts.services.mail import get_email_service
from audit.events import Event
from audit.parties import ANONYMOUS, Target
from audit.services.record import get_audit_service
from plinto.kernel.crypto import new_token
from plinto.kernel.origin import Origin
from resilience.contract import enforces
from resilience.retrying import after_conflicts

LIVES_FOR = timedelta(minutes=30)
_PREFIX = "plp_"


@enforces(controls.PASSWORD_LINKS)
def request_reset(*, email: str, origin: Origin, now: datetime) -> None:
    """
    Mail a link to whoever has an account under this address; the answer never says whether.

    :raises ValidationError: it is not an address
    """
    address = registrations.read_address(email)
    user = User.objects.filter(email_key=address.key).first()
    wait = attempts.count(Bucket.of(attempts.MAIL, address.key), now=now)
    with transaction.atomic():
        issue(
            user if user and user.is_active else None,
            template="password_reset",
            origin=origin,
            now=now,
            suppressed=bool(wait),
        )
        get_audit_service().record(
            Event.PASSWORD_RESET_REQUESTED,
            actor=ANONYMOUS,
            target=mailboxes.target_of(address),
            origin=origin,
        )


def issue(
    user: User | None,
    *,
    template: str,
    origin: Origin,
    now: datetime,
    suppressed: bool = False,
) -> None:
    """
    Write a link and its mail, in the caller's transaction.

    For nobody the same rows are written, bound to nobody and sent to nobody. Mail goes to the
    stored address, never to the one that was submitted.
    """
    token = new_token(_PREFIX)
    mail_id = get_email_service().queue(
        template,
        to=user.email if user else "",
        context={
            "name": user.name if user else "",
            "link": _address(token),
            "expires_in_minutes": LIVES_FOR // timedelta(minutes=1),
            "address": origin.address,
        },
        suppressed=suppressed or user is None,
        now=now,
    )
    mailed_links.write(
        PasswordLink, user, token=token, mail_id=mail_id, lives_for=LIVES_FOR, now=now
    )


def issue_unmailed(user: User, *, now: datetime) -> str:
    """Write a link that no letter carries, in the caller's transaction, and return it."""
    token = new_token(_PREFIX)
    mailed_links.write(
        PasswordLink, user, token=token, mail_id=uuid4(), lives_for=LIVES_FOR, now=now
    )
    return _address(token)


def _address(token: str) -> str:
    return f"{settings.APP_URL}/set-password#token={token}"


def prolong(mail_id: UUID, *, sent_at: datetime) -> None:
    """Count the life of a link from when its mail was sent, when that was late."""
    mailed_links.prolong(PasswordLink, mail_id, expires_at=sent_at + LIVES_FOR)


@enforces(controls.PASSWORD_LINKS)
def confirm(*, token: str, password: str, origin: Origin, now: datetime) -> None:
    """
    Set a password by link, end every session, and free the account from strangers' failures.

    The password is judged before the link is spent, so a refused password does not cost the
    person their link.

    :raises InvalidCode: unknown, used, expired, or older than the password or address it was for
    :raises ValidationError: the new password is not acceptable
    """
    try:
        user = _redeem(token, password, origin=origin, now=now)
    except InvalidCode as refusal:
        get_audit_service().record_refusal(
            Event.PASSWORD_RESET,
            actor=ANONYMOUS,
            target=Target("password_link"),
            origin=origin,
            reason=refusal.reason,
        )
        raise
    attempts.forgive(cleared=sign_in.account_buckets(user), refunded=[])


def _redeem(token: str, password: str, *, origin: Origin, now: datetime) -> User:
    link = mailed_links.find(PasswordLink, token, now=now)
    user = link.user if link else None
    if link is None or user is None or not mailed_links.is_bound(link, user):
        raise InvalidCode(reason="unknown, used, expired or overtaken")
    passwords.judge_for(user, password, field="password")
    _replace(link, user, passwords.encode(password), origin=origin, now=now)
    return user


@after_conflicts
def _replace(
    link: PasswordLink, user: User, encoded: str, *, origin: Origin, now: datetime
) -> None:
    with transaction.atomic():
        changed = mailed_links.spend(link, now=now) and User.objects.filter(
            pk=user.pk, is_active=True, password=user.password, email_key=link.email_key
        ).update(
            password=encoded,
            password_changed_at=now,
            email_verified_at=user.email_verified_at or now,
            version=F("version") + 1,
        )
        if not changed:
            raise InvalidCode(reason="used meanwhile")
        get_audit_service().record(
            Event.PASSWORD_RESET,
            actor=sessions.actor_of(user),
            target=sessions.target_of(user),
            origin=origin,
        )
        actor = sessions.actor_of(user)
        sessions.end_all(user.pk, reason="password reset", actor=actor, origin=origin, now=now)
        tell_owner(user, origin=origin, now=now)
        transaction.on_commit(lambda: standing.refresh_person(user.pk))


def tell_owner(user: User, *, origin: Origin, now: datetime) -> None:
    """Mail a person that their password was changed, in the caller's transaction."""
    get_email_service().queue(
        "password_changed",
        to=user.email,
        context={
            "name": user.name,
            "address": origin.address,
            "agent": origin.agent,
            "time": now.strftime("%d %B %Y, %H:%M UTC"),
            "link": f"{settings.APP_URL}/reset-password",
        },
        now=now,
    )


def trim(*, now: datetime) -> int:
    """Delete links that have expired, once no late mail can prolong them."""
    return mailed_links.trim(PasswordLink, now=now)
