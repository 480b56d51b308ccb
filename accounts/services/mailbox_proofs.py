"""The link and the six digits that prove somebody reads a mailbox."""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Model

from accounts import controls
from accounts.models import MailboxProof
from accounts.rules.addresses import Address
from accounts.services.mail import GIVE_UP_AFTER, get_email_service
from plinto.kernel.crypto import keyed_digest, new_token, token_digest
from resilience import trimming
from resilience.contract import enforces

LIVES_FOR = timedelta(minutes=60)
# Each resend makes a new code; a guess is tried against all live ones, so few may live.
_LIVE_CODES = 3


def drawn(
    address: Address, *, name: str, is_taken: bool, suppressed: bool, now: datetime
) -> list[Model]:
    """
    Draw a fresh proof and write its mail: two rows, to be inserted together.

    The owner of a taken address is told so instead, and the proof stays unsent; ``suppressed``
    sends nothing at all. The rows are of one size each time, and so is the time they take.
    """
    token, code = new_token("plv_"), f"{secrets.randbelow(1_000_000):06}"
    mail = get_email_service().letter(
        "address_taken" if is_taken else "verify_address",
        to=address.email,
        context={
            "name": name,
            "code": code,
            "link": f"{settings.APP_URL}/verify-email#token={token}",
            "expires_in_minutes": LIVES_FOR // timedelta(minutes=1),
        },
        suppressed=suppressed,
        now=now,
    )
    proof = MailboxProof(
        email=address.email,
        email_key=address.key,
        mail_id=mail.pk,
        token_digest=token_digest(token),
        code_digest=_code_digest(address.key, code),
        created_at=now,
        expires_at=now + LIVES_FOR,
    )
    return [mail, proof]


def prolong(mail_id: UUID, *, sent_at: datetime) -> None:
    """Count the life of a proof from when its mail was sent, when that was late."""
    MailboxProof.objects.filter(mail_id=mail_id, used_at=None).update(
        expires_at=sent_at + LIVES_FOR
    )


def by_token(token: str, *, now: datetime) -> MailboxProof | None:
    """Find the live proof behind a link."""
    return MailboxProof.objects.filter(
        token_digest=token_digest(token), used_at=None, expires_at__gt=now
    ).first()


def by_code(address: Address, code: str, *, now: datetime) -> MailboxProof | None:
    """Find the live proof behind six digits sent to ``address``."""
    live = MailboxProof.objects.filter(
        email_key=address.key, used_at=None, expires_at__gt=now
    ).order_by("-pk")[:_LIVE_CODES]
    wanted = _code_digest(address.key, code)
    matching = [proof for proof in live if hmac.compare_digest(bytes(proof.code_digest), wanted)]
    return matching[0] if matching else None


@enforces(controls.MAILBOX_PROOFS)
def spend(proof: MailboxProof, *, now: datetime) -> bool:
    """Use a proof up; false when somebody else was faster. Its twins die with it."""
    unused = MailboxProof.objects.filter(email_key=proof.email_key, used_at=None)
    # One order for all callers: two proofs of one mailbox, each with its own row, would deadlock.
    list(unused.order_by("pk").select_for_update().values_list("pk", flat=True))
    if not unused.filter(pk=proof.pk).update(used_at=now):
        return False
    unused.update(used_at=now)
    return True


def void(*email_keys: str, now: datetime) -> None:
    """Let nothing come of the proofs that wait for these addresses, in the caller's transaction."""
    unused = MailboxProof.objects.filter(email_key__in=email_keys, used_at=None)
    held = list(unused.order_by("pk").select_for_update().values_list("pk", flat=True))
    MailboxProof.objects.filter(pk__in=held, used_at=None).update(used_at=now)


def trim(*, now: datetime) -> int:
    """Delete proofs that have expired, once no late mail can prolong them."""
    return trimming.delete(MailboxProof.objects.filter(expires_at__lt=now - GIVE_UP_AFTER))


def _code_digest(email_key: str, code: str) -> bytes:
    # Keyed: a million codes are tried against a plain digest in a blink.
    return keyed_digest(f"{email_key}\x1f{code}", purpose="mailbox code")
