"""What would become of somebody whom a connection vouches for, without letting it happen."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from accounts.models import Identity, Membership, OrganizationDomain, Role, User
from accounts.services.federation import Terms, Voucher, get_sso_service


class Fate(StrEnum):
    KNOWN = "known"  # came this way before
    LINKED = "linked"  # has an account with this address
    MADE = "made"  # gets an account
    ASKED = "asked"  # the owner of the address has to agree
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Forecast:
    """``role`` is the name of the one they would have; empty when there is none."""

    fate: Fate
    why: str
    role: str = ""


def of(voucher: Voucher) -> Forecast:
    """
    Foresee what the exchange would do, as the rows are now.

    Of an address outside of the organization's domains nothing is told that the organization does
    not know: else its provider could be made to ask who has an account here.
    """
    terms = get_sso_service().terms(voucher)
    if terms is None:
        told = "The connection is off, or the provider has switched this person off."
        return Forecast(Fate.REFUSED, told)
    known = Identity.objects.filter(connection_id=voucher.connection_id, subject=voucher.subject)
    person = User.objects.filter(pk__in=known.values("user")).first()
    if person is not None:
        told = f"This subject belongs to the account {person.email}, whatever address comes."
        return _entering(person, voucher, terms, Fate.KNOWN, told)
    if not voucher.is_vouched:
        return Forecast(Fate.REFUSED, "The provider does not say that the address is verified.")
    if not _is_own_domain(voucher):
        told = (
            f"{voucher.domain} is no proved domain of the organization, so whoever owns the "
            "address has to confirm this once, signed in to Plinto."
        )
        return Forecast(Fate.ASKED, told)
    person = User.objects.filter(email_key=voucher.email_key).first()
    if person is None and not terms.creates_accounts:
        told = "Nobody has this address, and the connection makes no accounts."
        return Forecast(Fate.REFUSED, told)
    if person is None:
        told = f"Nobody has this address, and {voucher.domain} is a proved domain."
        return Forecast(Fate.MADE, told, _role(None, voucher, terms))
    if person.is_staff or person.is_superuser:
        told = "The account administers this deployment; its owner has to confirm this once."
        return Forecast(Fate.ASKED, told)
    told = f"An account has this address, and {voucher.domain} is a proved domain."
    return _entering(person, voucher, terms, Fate.LINKED, told)


def _entering(person: User, voucher: Voucher, terms: Terms, fate: Fate, told: str) -> Forecast:
    if not person.is_active:
        return Forecast(Fate.REFUSED, "The account is switched off.")
    return Forecast(fate, told, _role(person, voucher, terms))


def _role(person: User | None, voucher: Voucher, terms: Terms) -> str:
    mine = Membership.objects.filter(organization_id=voucher.organization_id, user=person)
    place = mine.select_related("role").first() if person else None
    if place is not None and (place.role.is_owner or terms.role_id is None):
        return place.role.name
    chosen = terms.role_id or terms.default_role_id
    role = Role.objects.filter(pk=chosen).first() if chosen else None
    return role.name if role else "member"


def _is_own_domain(voucher: Voucher) -> bool:
    mine = OrganizationDomain.objects.filter(
        organization_id=voucher.organization_id, verified_at__isnull=False
    )
    return mine.filter(name=voucher.domain).exists()
