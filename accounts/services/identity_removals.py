"""Staff unlink identities: one that was stolen, or whose person cannot do it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts import social_controls
from accounts.models import Identity, User
from accounts.services import administration, identities, identity_letters
from accounts.services.staff import actor_of
from plinto.kernel.origin import Origin
from resilience.contract import enforces
from resilience.retrying import after_conflicts


@enforces(social_controls.SOCIAL_SIGN_IN)
@after_conflicts
def by_staff(identity_id: UUID, *, by: User, origin: Origin, now: datetime) -> bool:
    """
    Unlink an identity and mail its person; false when it is gone already.

    Also the last way in: its person sets a password by mail, as after any other loss.

    :raises AuthorizationError: the person is out of reach of who asks
    """
    with transaction.atomic():
        identity = Identity.objects.filter(pk=identity_id).first()
        if identity is None:
            return False
        person, _ = administration.hold(identity.user_id, by=by)
        identities.remove(identity, person, actor=actor_of(by), origin=origin, now=now)
        # Where a colleague sits is no business of the person's.
        identity_letters.tell(person, identity_letters.unlinked(identity), origin=None, now=now)
    return True
