"""
For each operation of the OpenAPI document, a world in which its example may be sent.

What an example can only show the like of (tokens, codes, ids) is named here and takes the place
of what is shown; everything else of the example is sent as it stands.
"""

from __future__ import annotations

from collections.abc import Callable

from django.utils import timezone

from accounts.examples.values import EMAIL, PASSWORD
from accounts.models import Identity, Passkey
from accounts.providers import AppleKey
from accounts.services import data_exports
from plinto.kernel import services
from resilience.text_records import TextRecords
from resilience.worker import Shift, run_until_idle
from tests.accounts import (
    authenticators,
    key_holders,
    movers,
    phones,
    prepared_arrivals,
    prepared_connections,
    prepared_endpoints,
    prepared_trail,
    travellers,
)
from tests.accounts.people import code_in, signed_in, token_in
from tests.accounts.worlds import Given, World
from tests.factories import UserFactory
from tests.servers.identity_provider import Person as Traveller
from tests.servers.name_server import NameServer
from tests.sso import prepared_doors
from tests.sso.oidc import prepared as prepared_oidc
from tests.sso.scim import prepared as prepared_scim

CHARLES = "charles@example.com"


def registered(world: World) -> Given:
    body = {"email": EMAIL, "password": PASSWORD}
    handle = world.api.post("/api/v1/auth/register", body).json()["registration"]
    return Given(body={"code": code_in(world.letters()[-1]), "registration": handle})


def awaiting(world: World) -> Given:
    phone = world.phone
    return Given(body={"mfa_token": phones.asked(world.api, EMAIL), "code": phone.code()})


def holding_a_passkey(world: World) -> Given:
    _, key, _ = authenticators.holder(world.api)
    return Given(body={"passkey": key.get(authenticators.options_to_sign_in(world.api))})


def moved(world: World) -> Given:
    movers.moved(world.ada, "ada.lovelace@example.org", world.letters)
    return Given(body={"token": token_in(movers.letters_to(EMAIL, world.letters)[-1])})


def moving(world: World) -> Given:
    movers.wish(world.ada, "ada.lovelace@example.org")
    return Given(world.ada.access, body={"code": code_in(world.letters()[-1])})


def exported(world: World) -> Given:
    asked = world.api.post("/api/v1/me/export", {}, token=world.ada.access)
    run_until_idle([data_exports.QUEUE], shift=Shift())
    return world.hers(export_id=asked.json()["id"])


def with_an_app(world: World) -> Given:
    assert world.phone
    return world.hers()


def with_every_factor(world: World) -> Given:
    given = with_an_app(world)
    authenticators.added(world.api, world.ada, authenticators.Authenticator(), name="Key")
    return given


def scanning(world: World) -> Given:
    return Given(world.ada.access, body={"code": phones.begun(world.api, world.ada).code()})


def adding_a_passkey(world: World) -> Given:
    options = authenticators.options_to_add(world.api, world.ada)
    passkey = authenticators.Authenticator().create(options)
    return Given(world.ada.access, body={"passkey": passkey})


def with_a_passkey(world: World) -> Given:
    ada, _, _ = authenticators.holder(world.api)
    return Given(ada.access, path={"passkey_id": Passkey.objects.get().pk})


def starting(world: World) -> Given:
    return Given(path={"provider": world.idp.name}, body={"redirect_uri": travellers.APP})


def returning(world: World) -> Given:
    approved = world.idp.approve(travellers.sent_to(world.api), Traveller())
    return Given(path={"provider": world.idp.name}, query=approved)


def posting(world: World) -> Given:
    key = AppleKey(key_id="key", team_id="team", pem="")
    world.settings.SOCIAL_PROVIDERS = {"apple": world.idp.provider(name="apple", apple_key=key)}
    return Given(path={"provider": "apple"})


def offering(world: World) -> Given:
    assert world.idp
    return Given()


def returned(world: World) -> Given:
    told = travellers.arrived(world.api, world.idp, Traveller())
    return Given(body={"code": told["code"]})


def confirming(world: World) -> Given:
    told = travellers.arrived(world.api, world.idp, Traveller(email=world.ada.user.email))
    refused = travellers.exchange(world.api, told["code"])
    token = refused.json()["details"]["link_token"]
    return Given(world.ada.access, body={"link_token": token})


def linked(world: World) -> Given:
    identity = Identity.objects.create(
        user=world.ada.user, provider="acme", subject="ada", created_at=timezone.now()
    )
    return world.hers(identity_id=identity.pk)


def with_a_role(world: World) -> Given:
    return world.in_club(role_id=world.club.role("reader", "members:read"))


def with_a_member(world: World) -> Given:
    return world.in_club(user_id=world.club.joined("viewer").user.pk)


def with_an_app_in_club(world: World) -> Given:
    with_an_app(world)
    return world.in_club()


def with_an_invitation(world: World) -> Given:
    body = {"email": CHARLES, "role": "member"}
    invited = world.club.as_(world.ada, "POST", "/invitations", body)
    return world.in_club(invitation_id=invited.json()["id"])


def invited(world: World) -> Given:
    with_an_invitation(world)
    charles = signed_in(world.api, user=UserFactory(email=CHARLES))
    return Given(charles.access, body={"token": token_in(world.letters()[-1])})


def with_a_key(world: World) -> Given:
    return world.in_club(key_id=key_holders.made(world.club, "members:read").id)


def asking(world: World) -> Given:
    key = key_holders.made(world.club, "tokens:*").text
    return Given(key, body={"token": world.ada.access})


def revoking(world: World) -> Given:
    key = key_holders.made(world.club, "tokens:*").text
    return Given(key, body={"token": world.ada.refresh})


def with_terms(world: World) -> Given:
    world.settings.TERMS_VERSION = "2026-11"
    world.settings.TERMS_URL = "https://example.com/terms"
    return world.hers()


def with_a_domain(world: World) -> Given:
    added = world.club.as_(world.ada, "POST", "/domains", {"domain": "example.com"}).json()
    names = world.entered(NameServer())
    world.entered(services.override(TextRecords, TextRecords(names.address)))
    names.place(added["record"])
    return world.in_club(domain_id=added["id"])


def monitoring(world: World) -> Given:
    world.settings.HEALTH_TOKEN = "monitoring"
    return Given("monitoring")


def nobody(world: World) -> Given:
    return Given()


def somebody(world: World) -> Given:
    """She has an account and is not signed in as far as this request goes."""
    assert world.ada
    return Given()


PREPARED: dict[str, Callable[[World], Given]] = {
    "register": nobody,
    "verify_email": registered,
    "resend_verification": nobody,
    "login": somebody,
    "login_mfa": awaiting,
    "login_passkey_options": nobody,
    "login_passkey": holding_a_passkey,
    "request_magic_link": somebody,
    "verify_magic_link": lambda world: Given(body={"token": world.mailed("magic-link")}),
    "request_password_reset": somebody,
    "confirm_password_reset": lambda world: Given(body={"token": world.mailed("password/reset")}),
    "undo_email_change": moved,
    "refresh_tokens": lambda world: Given(body={"refresh": world.ada.refresh}),
    "reauthenticate": World.hers,
    "verify_request": World.hers,
    "logout": World.hers,
    "logout_all": World.hers,
    "list_sessions": World.hers,
    "end_session": lambda world: world.hers(session_id=world.ada.session_id),
    "end_other_sessions": World.hers_elsewhere_too,
    "get_jwks": nobody,
    "get_audit_jwks": nobody,
    "get_issuer_metadata": nobody,
    "get_me": World.hers,
    "update_me": World.hers,
    "erase_me": World.hers,
    "change_password": World.hers,
    "request_email_change": World.hers,
    "confirm_email_change": moving,
    "request_export": World.hers,
    "take_export": exported,
    "get_factors": with_every_factor,
    "begin_totp": World.hers,
    "confirm_totp": scanning,
    "remove_totp": with_an_app,
    "renew_recovery_codes": with_an_app,
    "list_passkeys": with_a_passkey,
    "passkey_options": World.hers,
    "add_passkey": adding_a_passkey,
    "rename_passkey": with_a_passkey,
    "remove_passkey": with_a_passkey,
    "list_providers": offering,
    "start_social": starting,
    "return_from_provider": returning,
    "post_from_provider": posting,
    "exchange_code": returned,
    "list_identities": linked,
    "confirm_identity": confirming,
    "unlink_identity": linked,
    "list_own_memberships": World.in_club,
    "list_organizations": World.in_club,
    "create_organization": World.hers,
    "get_organization": World.in_club,
    "update_organization": with_an_app_in_club,
    "delete_organization": World.in_club,
    "list_roles": World.in_club,
    "create_role": World.in_club,
    "update_role": with_a_role,
    "delete_role": with_a_role,
    "check_permission": World.in_club,
    "list_members": with_a_member,
    "update_member": with_a_member,
    "remove_member": with_a_member,
    "list_invitations": with_an_invitation,
    "invite": World.in_club,
    "resend_invitation": with_an_invitation,
    "revoke_invitation": with_an_invitation,
    "accept_invitation": invited,
    "list_api_keys": with_a_key,
    "create_api_key": World.in_club,
    "update_api_key": with_a_key,
    "delete_api_key": with_a_key,
    "rotate_api_key": with_a_key,
    "introspect_token": asking,
    "revoke_token": revoking,
    **dict.fromkeys(("list_domains", "delete_domain", "verify_domain"), with_a_domain),
    "add_domain": World.in_club,
    **prepared_scim.PREPARED,
    **prepared_endpoints.PREPARED,
    **prepared_connections.PREPARED,
    **prepared_arrivals.PREPARED,
    **(prepared_trail.PREPARED | prepared_doors.PREPARED | prepared_oidc.PREPARED),
    "get_terms": with_terms,
    "accept_terms": with_terms,
    "health_live_retrieve": nobody,
    "health_ready_retrieve": nobody,
    "health_redis_retrieve": nobody,
    "health_circuit_breaker_retrieve": nobody,
    "health_database_retrieve": nobody,
    "metrics_retrieve": monitoring,
}
