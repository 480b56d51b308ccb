"""
What can end, and what of a person still opens anything afterwards.

The class of holes that breaks identity platforms most is the thing that was disabled, revoked or
expired and still works. Each row names every credential there is, either as refused or as working
by design, with the reason; ``test_what_has_ended`` tries each of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.models import PasswordLink, User
from accounts.services import administration, erasures, factor_resets, mailed_links
from plinto.kernel.ids import uuid7
from plinto.kernel.origin import SYSTEM as NOWHERE
from tests.accounts.credentials import CREDENTIALS, NEW_PASSWORD, Holder
from tests.accounts.movers import confirm, letters_to, wish
from tests.accounts.people import code_in
from tests.api import Api
from tests.factories import AdministratorFactory

SESSIONS = {"access_token", "refresh_token", "admin_session"}
FACTORS = {"passkey", "app", "recovery_code"}
PROVIDER = {"identity", "provider_code"}
VOUCHED_CODES = {"saml_code", "oidc_code"}
VOUCHED_SESSIONS = {"vouched_access_token", "vouched_refresh_token", "vouched_pending"}
VOUCHED = VOUCHED_CODES | VOUCHED_SESSIONS
LINKS = {"magic_link", "reset_link"}
INVITATIONS = {"invitation_to_her", "invitation_by_her"}


def nothing(_holder: Holder, _letters: Any) -> None:
    """Whatever is refused after something else has ended works without it."""


def switched_off(holder: Holder, _letters: Any) -> None:
    by = AdministratorFactory()
    assert administration.deactivate(holder.id, by=by, origin=NOWHERE, now=timezone.now())


def erased(holder: Holder, _letters: Any) -> None:
    User.objects.filter(pk=holder.id).update(erase_at=timezone.now())
    assert erasures.erase_due(timezone.now()) == 1


def membership_removed(holder: Holder, _letters: Any) -> None:
    assert holder.club.remove(holder.club.owner, holder.before).status_code == 204


def role_lowered(holder: Holder, _letters: Any) -> None:
    answer = holder.club.promote(holder.club.owner, holder.before, "member")
    assert answer.status_code == 200


def organizations_deleted(holder: Holder, _letters: Any) -> None:
    for club in (holder.club, holder.other_club):
        assert club.as_(club.owner, "DELETE").status_code == 204


def connections_disabled(holder: Holder, _letters: Any) -> None:
    for each in holder.connections:
        path = f"/sso/{each.protocol}/{each.slug}"
        answer = holder.club.as_(holder.club.owner, "PATCH", path, {"enabled": False})
        assert answer.status_code == 200


def connections_deleted(holder: Holder, _letters: Any) -> None:
    for each in holder.connections:
        path = f"/sso/{each.protocol}/{each.slug}"
        assert holder.club.as_(holder.club.owner, "DELETE", path).status_code == 204


def key_deleted(holder: Holder, _letters: Any) -> None:
    assert holder.key.delete().status_code == 204


def session_ended(holder: Holder, _letters: Any) -> None:
    assert _post("/auth/logout", holder).status_code == 204


def all_sessions_ended(holder: Holder, _letters: Any) -> None:
    assert _post("/auth/logout/all", holder).status_code == 204


def password_reset(holder: Holder, _letters: Any) -> None:
    now = timezone.now()
    mailed_links.write(
        PasswordLink,
        holder.user,
        token="another",
        mail_id=uuid7(),
        lives_for=timedelta(minutes=5),
        now=now,
    )
    body = {"token": "another", "password": NEW_PASSWORD}
    assert Api().post("/api/v1/auth/password/reset/confirm", body).status_code == 204


def factors_reset(holder: Holder, _letters: Any) -> None:
    factor_resets.reset_from_server(holder.user.email, why="lost it", now=timezone.now())


def address_changed(holder: Holder, letters: Any) -> None:
    assert wish(holder.before, "another@example.com").status_code == 202
    code = code_in(letters_to("another@example.com", letters)[-1])
    assert confirm(holder.before, code).status_code == 200


def _post(path: str, holder: Holder) -> Any:
    return Api().post(f"/api/v1{path}", token=holder.before.access)


@dataclass(frozen=True)
class Ending:
    """One thing that ends; ``works`` says why a credential is good in spite of it."""

    happen: Callable[[Holder, Any], None]
    refused: frozenset[str]
    works: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.happen.__name__


def _ending(
    happen: Callable[[Holder, Any], None], refused: set[str], *reasons: tuple[set[str], str]
) -> Ending:
    works = {name: reason for names, reason in reasons for name in names}
    return Ending(happen, frozenset(refused), works)


_EVERY = set(CREDENTIALS)
# A key is the organization's, and what runs with it should not stop because somebody left.
_OF_PEOPLE = _EVERY - {"api_key"}
_OF_ORGANIZATION = ({"api_key"}, "belongs to the organization, whatever becomes of its maker")
_OF_ONE_ORGANIZATION = "says nothing about the person's account, and the invitation is another's"
_STILL_HERS = "the person may sign in anew, and this is one of their ways to"
_ANOTHER_WAY = "came by no connection"
_NEW_SESSION = "is taken in a session that is opened anew, which whoever ended the others may"

ENDINGS = [
    _ending(nothing, set(), (_EVERY, "nothing has ended")),
    _ending(
        switched_off,
        _OF_PEOPLE - {"mailbox_proof"},
        _OF_ORGANIZATION,
        ({"mailbox_proof"}, "proves that a mailbox is read, and opens nothing"),
    ),
    _ending(erased, _OF_PEOPLE, _OF_ORGANIZATION),
    _ending(
        membership_removed,
        {"invitation_by_her"},
        (_EVERY - {"invitation_by_her"}, _OF_ONE_ORGANIZATION),
    ),
    _ending(
        role_lowered,
        {"invitation_by_her"},
        (_EVERY - {"invitation_by_her"}, _OF_ONE_ORGANIZATION),
    ),
    _ending(
        organizations_deleted,
        INVITATIONS | VOUCHED | {"api_key"},
        (_OF_PEOPLE - INVITATIONS - VOUCHED, "says nothing about the person's account"),
    ),
    _ending(connections_disabled, VOUCHED, (_EVERY - VOUCHED, _ANOTHER_WAY)),
    _ending(connections_deleted, VOUCHED, (_EVERY - VOUCHED, _ANOTHER_WAY)),
    _ending(key_deleted, {"api_key"}, (_OF_PEOPLE, "a key is nobody's way in but its own")),
    _ending(
        session_ended,
        {"access_token", "refresh_token"},
        _OF_ORGANIZATION,
        (VOUCHED_SESSIONS | {"admin_session"}, "is a session of its own"),
        (
            {"pending_sign_in"} | VOUCHED_CODES | FACTORS | PROVIDER | LINKS | {"undo_link"},
            _STILL_HERS,
        ),
        (INVITATIONS | {"export", "mailbox_proof"}, _NEW_SESSION),
    ),
    _ending(
        all_sessions_ended,
        SESSIONS | VOUCHED_SESSIONS | {"pending_sign_in"},
        _OF_ORGANIZATION,
        (VOUCHED_CODES | FACTORS | PROVIDER | LINKS | {"undo_link"}, _STILL_HERS),
        (INVITATIONS | {"export", "mailbox_proof"}, _NEW_SESSION),
    ),
    _ending(
        password_reset,
        SESSIONS | VOUCHED_SESSIONS | LINKS | {"pending_sign_in"},
        _OF_ORGANIZATION,
        (FACTORS, "a reset by mail takes no factor away, or a mailbox would be enough"),
        (VOUCHED_CODES | PROVIDER, "another way in, which no password opens or shuts"),
        ({"undo_link"}, "a thief who reads the new mailbox must not shut the way back"),
        (INVITATIONS | {"export", "mailbox_proof"}, _NEW_SESSION),
    ),
    _ending(
        factors_reset,
        SESSIONS | VOUCHED_SESSIONS | FACTORS | {"pending_sign_in"},
        _OF_ORGANIZATION,
        (VOUCHED_CODES | PROVIDER | LINKS | {"undo_link"}, "none of the factors"),
        (INVITATIONS | {"export", "mailbox_proof"}, _NEW_SESSION),
    ),
    _ending(
        address_changed,
        LINKS | {"mailbox_proof", "invitation_to_her"},
        _OF_ORGANIZATION,
        (
            SESSIONS | VOUCHED_SESSIONS | {"pending_sign_in", "export"},
            "ending them would help a thief to get rid of the owner, whom the undo link serves",
        ),
        (VOUCHED_CODES | FACTORS | PROVIDER, "bound to the person, whatever their address"),
        ({"undo_link", "invitation_by_her"}, "went to somebody else's mailbox, or to an older one"),
    ),
]
