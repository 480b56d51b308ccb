"""What mailed links have in common: written with their letter, found by digest, spent once."""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from accounts.models import User
from accounts.models.mailed_link import BoundLink, MailedLink
from accounts.services.mail import GIVE_UP_AFTER
from plinto.kernel.crypto import keyed_digest, token_digest
from resilience import trimming

Kind = TypeVar("Kind", bound=MailedLink)


def write(
    kind: type[BoundLink],
    user: User | None,
    *,
    token: str,
    mail_id: UUID,
    lives_for: timedelta,
    now: datetime,
) -> None:
    """Keep the digest of a link, bound to the address and password of ``user``, or to nobody."""
    kind._default_manager.create(
        user=user,
        email_key=user.email_key if user else "",
        mail_id=mail_id,
        password_digest=_binding(kind, user.password if user else ""),
        token_digest=token_digest(token),
        created_at=now,
        expires_at=now + lives_for,
    )


def find(kind: type[Kind], token: str, *, now: datetime) -> Kind | None:
    """Find the live link behind a token, with its person."""
    live = kind._default_manager.select_related("user").filter(used_at=None, expires_at__gt=now)
    return live.filter(token_digest=token_digest(token)).first()


def is_bound(link: BoundLink, user: User) -> bool:
    """Say whether the person may come in and still has the address and password of back then."""
    binding = _binding(type(link), user.password)
    is_same = hmac.compare_digest(bytes(link.password_digest), binding)
    return is_same and user.is_active and link.email_key == user.email_key


def spend(link: MailedLink, *, now: datetime) -> bool:
    """Use one up; false when somebody else was faster."""
    unused = type(link)._default_manager.filter(pk=link.pk, used_at=None)
    return bool(unused.update(used_at=now))


def spend_others(link: BoundLink, *, now: datetime) -> None:
    """Use up whatever else of this kind its person was sent, so that no mailbox keeps a way in."""
    type(link)._default_manager.filter(user=link.user, used_at=None).update(used_at=now)


def prolong(kind: type[MailedLink], mail_id: UUID, *, expires_at: datetime) -> None:
    """Let the life of a link count from when its mail was sent."""
    kind._default_manager.filter(mail_id=mail_id, used_at=None).update(expires_at=expires_at)


def trim(kind: type[MailedLink], *, now: datetime) -> int:
    """Delete links that have expired, once no late mail can prolong them."""
    return trimming.delete(kind._default_manager.filter(expires_at__lt=now - GIVE_UP_AFTER))


def _binding(kind: type[MailedLink], encoded: str) -> bytes:
    return keyed_digest(encoded, purpose=kind.purpose)
