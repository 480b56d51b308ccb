"""
Where data about a person lies, table by table: what an export holds and an erasure removes.

A table that points to the person is found by itself, whatever app it belongs to. One that names
them by address has a line here, or its part above accounts adds one, and one that names nobody says
why; a test wants one or the other of every table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from django.apps import apps
from django.db.models import BinaryField, Field, ForeignKey, Model, Q, QuerySet

from accounts.models import (
    AddressChange,
    Invitation,
    MailboxProof,
    OutboundMail,
    Registration,
    UndoLink,
    User,
)
from audit.models import AuditRow, TrailExport
from audit.services import personal
from resilience.models import CircuitOrder

Finder = Callable[[User], QuerySet[Any]]

_BY_ADDRESS: dict[type[Model], Finder] = {
    User: lambda person: User.objects.filter(pk=person.pk),
    Registration: lambda person: Registration.objects.filter(email_key__in=_addresses(person)),
    MailboxProof: lambda person: MailboxProof.objects.filter(email_key__in=_addresses(person)),
    OutboundMail: lambda person: OutboundMail.objects.filter(_went_to(person)),
    Invitation: lambda person: Invitation.objects.filter(
        Q(email_key__in=_addresses(person)) | Q(invited_by=person)
    ),
    CircuitOrder: lambda person: CircuitOrder.objects.filter(ordered_by=person.email),
    TrailExport: lambda person: TrailExport.objects.filter(requested_by=person.pk),
    AuditRow: lambda person: AuditRow.objects.filter(
        Q(actor_id=str(person.pk)) | Q(target_id=str(person.pk))
    ),
}

# What parts above accounts keep of people by their addresses.
_also_by_address: dict[type[Model], Callable[[set[str]], Q]] = {}

# Rows that hold nothing of a person, and why.
NOBODYS = {
    "accounts.Organization": "organizations, not people",
    "accounts.OrganizationDomain": "domains of organizations, not people",
    "accounts.Role": "what members of an organization may do",
    "accounts.SigningKey": "keys of the deployment",
    "audit.ChainHead": "how far chains are sealed",
    "audit.Checkpoint": "signatures over hashes",
    "audit.CheckpointKey": "keys of the deployment",
    "audit.TrailExportPart": "files of organizations, void when anybody they name is erased",
    "audit.Truncation": "signatures over hashes",
    "auth.Group": "rights that many may have",
    "auth.Group_permissions": "rights that many may have",
    "auth.Permission": "rights that many may have",
    "contenttypes.ContentType": "names of tables",
    "resilience.CircuitTransition": "moves of breakers",
    "resilience.Counter": "digests that nobody turns back, kept for a window",
    "resilience.Process": "processes of the deployment",
    "webhooks.Attempt": "what receivers answered",
    "webhooks.Delivery": "which event goes to which endpoint; what it tells is read from the trail",
    "webhooks.Endpoint": "addresses of servers",
    "webhooks.Position": "how far an endpoint has read",
    "sso.Connection": "identity providers of organizations",
    "sso.ConsumedAssertion": "digests of ids, kept for minutes",
    "sso.GroupRole": "what members of a group may do",
    "sso.OIDCSettings": "identity providers of organizations",
    "sso.Refresh": "when identity providers are asked again",
    "sso.SAMLSettings": "identity providers of organizations",
    "sso.ScimGroup": "names of groups",
    "sso.ScimMember": "which description is in which group; it goes with the description",
    "sso.ScimToken": "tokens of organizations",
    "sso.ServiceKey": "keys of the deployment",
    "sso.SignIn": "ways to a provider and back, for minutes; what it said is sealed",
    "sso.SignOn": "digests and sealed names of a session, which it goes with",
    "sessions.Session": "cookies of the admin site: ids only, for eight hours",
}

HIDDEN = "(secret)"
_SECRET_COLUMNS = {"password"}


@dataclass(frozen=True, slots=True)
class Holding:
    """The rows of one table that are about one person."""

    model: type[Model]
    rows: QuerySet[Any]

    @property
    def name(self) -> str:
        return self.model._meta.label_lower

    def told(self, person: User) -> list[dict[str, Any]]:
        """The rows, column by column; a secret is named and not shown, nor is anybody else."""
        if self.model is AuditRow:
            return [_of_trail(row, person) for row in self.rows.order_by("pk").iterator()]
        mine = _addresses(person)
        columns = self.model._meta.concrete_fields
        return [
            {column.attname: _told(column, row, mine) for column in columns}
            for row in self.rows.order_by("pk").iterator(chunk_size=500)
        ]


def add_by_address(model: type[Model], having: Callable[[set[str]], Q]) -> None:
    """Let rows of a table be found by the keys of a person's addresses, besides by pointing."""
    _also_by_address[model] = having


def holdings(person: User) -> Iterator[Holding]:
    """Yield every table with its rows about ``person``, which may be none."""
    for model in apps.get_models(include_auto_created=True):
        if find := _finder(model):
            yield Holding(model, find(person))


def is_known(model: type[Model]) -> bool:
    """Say whether it is decided what of a table belongs to whom."""
    return model._meta.label in NOBODYS or _finder(model) is not None


def _addresses(person: User) -> set[str]:
    """The keys of a person's address, of the one before and of the one to come."""
    before = UndoLink.objects.filter(user=person).values_list("email_key", flat=True)
    to_come = AddressChange.objects.filter(user=person).values_list("email_key", flat=True)
    return {person.email_key, *before, *to_come}


def _went_to(person: User) -> Q:
    # The local part is kept as its owner writes it.
    to = Q()
    for address in _addresses(person):
        to |= Q(recipient__iexact=address)
    return to


def _finder(model: type[Model]) -> Finder | None:
    if model in _BY_ADDRESS:
        return _BY_ADDRESS[model]
    pointing = [
        column.name
        for column in model._meta.concrete_fields
        if isinstance(column, ForeignKey) and column.related_model is User
    ]
    if not pointing:
        return None

    def find(person: User) -> QuerySet[Any]:
        about = Q()
        for name in pointing:
            about |= Q(**{name: person.pk})
        if model in _also_by_address:
            about |= _also_by_address[model](_addresses(person))
        return model._default_manager.filter(about)

    return find


def _of_trail(row: AuditRow, person: User) -> dict[str, Any]:
    mine = personal.opened_by({str(person.pk): bytes(person.trail_key)}, row)
    if "@" in mine.target_label and row.target_id != str(person.pk):
        mine = replace(mine, target_label=HIDDEN)
    return {
        "id": row.pk,
        "occurred_at": row.occurred_at,
        "action": row.action,
        "outcome": row.outcome,
        "reason": row.reason,
        **asdict(mine),
    }


def _told(column: Field[Any, Any], row: Model, mine: set[str]) -> Any:
    value = getattr(row, column.attname)
    is_secret = isinstance(column, BinaryField) or column.attname in _SECRET_COLUMNS
    if isinstance(row, Invitation) and row.email_key not in mine:
        # Whoever was invited by this person is somebody else.
        is_secret = column.attname in {"email", "email_key"}
    return HIDDEN if is_secret and value else value
