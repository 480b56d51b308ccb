"""From what a provider says of somebody to what Plinto understands of it."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.services.federation import Voucher
from plinto.kernel.ids import uuid7
from sso.facts import Arrival, Refused
from sso.models import Connection, SAMLSettings
from sso.protocols.saml.subjects import NameID
from sso.services import mapping

_WS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims"
_MS = "http://schemas.microsoft.com"
ADDRESS = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
# What each provider sends as it is set up by default or by its own instructions.
ADA = {
    ("saml", "okta"): {
        "email": ["ada@corp.example"],
        "firstName": ["Ada"],
        "lastName": ["Lovelace"],
        "groups": ["engineers"],
    },
    ("saml", "entra"): {
        f"{_WS}/name": ["ada_corp#EXT#@corp.onmicrosoft.example"],
        f"{_WS}/emailaddress": ["ada@corp.example"],
        f"{_WS}/givenname": ["Ada"],
        f"{_WS}/surname": ["Lovelace"],
        f"{_MS}/ws/2008/06/identity/claims/groups": ["engineers"],
    },
    ("saml", "google"): {
        "email": ["ada@corp.example"],
        "first_name": ["Ada"],
        "last_name": ["Lovelace"],
        "groups": ["engineers"],
    },
    ("saml", "keycloak"): {
        "urn:oid:1.2.840.113549.1.9.1": ["ada@corp.example"],
        "urn:oid:2.5.4.42": ["Ada"],
        "urn:oid:2.5.4.4": ["Lovelace"],
        "member": ["engineers"],
    },
    ("saml", "generic"): {
        "urn:oid:0.9.2342.19200300.100.1.3": ["ada@corp.example"],
        "displayName": ["Ada Lovelace"],
        "isMemberOf": ["engineers"],
    },
    ("oidc", "okta"): {
        "email": ["ada@corp.example"],
        "name": ["Ada Lovelace"],
        "groups": ["engineers"],
    },
    ("oidc", "entra"): {
        "email": ["ada@corp.example"],
        "name": ["Ada Lovelace"],
        "groups": ["engineers"],
    },
}


def vouched(
    told: dict[str, list[str]],
    *,
    protocol: str = "saml",
    preset: str = "generic",
    attributes: dict[str, list[str]] | None = None,
    saml: dict[str, Any] | None = None,
    **arrival: Any,
) -> Voucher:
    connection = Connection(
        organization_id=uuid7(),
        slug="corp",
        protocol=protocol,
        preset=preset,
        attributes=attributes or {},
    )
    connection.saml = SAMLSettings(**(saml or {}))
    values = {name: tuple(found) for name, found in told.items()}
    return mapping.vouched(connection, Arrival(**{"subject": "7", "attributes": values, **arrival}))


def why(*args: Any, **kwargs: Any) -> str:
    with pytest.raises(Refused) as refused:
        vouched(*args, **kwargs)
    return refused.value.reason


@pytest.mark.parametrize(("protocol", "preset"), ADA)
def test_the_habits_of_providers_are_known(protocol, preset):
    found = vouched(ADA[protocol, preset], protocol=protocol, preset=preset, email_verified=True)
    assert (found.email, found.name, found.groups) == (
        "ada@corp.example",
        "Ada Lovelace",
        ("engineers",),
    )
    assert found.is_vouched


def test_what_a_connection_names_counts_alone():
    told = {"mail": ["other@corp.example"], "work": ["ada@corp.example"], "groups": ["a"]}
    found = vouched(told, attributes={"email": ["work"], "groups": ["teams"]})
    assert (found.email, found.groups) == ("ada@corp.example", ())


def test_an_administrator_is_told_which_names_were_looked_for_and_which_came():
    reason = why({"givenName": ["Ada"], "uid": ["ada"]}, attributes={"email": ["work", "mail"]})
    assert reason == "no address: looked for work, mail; came: givenName, uid"


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        (["ada@corp.example", "eve@corp.example"], "2 values"),
        (["ada"], "not one that mail is sent to"),
        (["ada@corp.example\r\nBcc: eve@evil.example"], "not one that mail is sent to"),
        (["\u212aim@corp.example"], "not one that mail is sent to"),
        (["x" * 100_000 + "@corp.example"], "not one that mail is sent to"),
        ([""], "looked for"),
    ],
)
def test_exactly_one_address_that_can_be_mailed_is_taken(address, reason):
    assert reason in why({"mail": address})


def test_a_name_id_serves_as_the_address_only_if_its_format_says_so():
    name = NameID("ada@corp.example", format=ADDRESS)
    found = vouched({}, subject=name.value, hint=name.hint())
    assert (found.email, found.subject) == ("ada@corp.example", "ada@corp.example")
    assert "looked for" in why({}, subject=name.value, hint=NameID(name.value).hint())
    assert "looked for" in why({}, subject="ada@corp.example", protocol="oidc")


def test_a_name_that_changes_each_time_is_nobodys_unless_an_attribute_stands_in():
    told, name = {"mail": ["ada@corp.example"], "uid": ["1815"]}, NameID("x", format=TRANSIENT)
    assert "transient" in why(told, subject="x", hint=name.hint())
    found = vouched(told, subject="x", hint=name.hint(), saml={"subject_attribute": "uid"})
    assert found.subject == "1815"


@pytest.mark.parametrize("values", [[], ["1", "2"], [""], ["1\n"], ["1" * 256]])
def test_the_attribute_people_are_known_by_has_one_whole_value(values):
    told = {"mail": ["ada@corp.example"], "uid": values}
    assert why(told, saml={"subject_attribute": "uid"}).startswith("subject: ")


@pytest.mark.parametrize(
    ("preset", "said", "is_verified", "is_vouched"),
    [
        ("generic", [], False, False),
        ("generic", ["false"], False, False),
        ("generic", ["true"], True, True),
        ("entra", [], False, True),
        ("entra", ["false"], False, False),
    ],
)
def test_an_openid_provider_must_say_that_the_address_is_verified(
    preset, said, is_verified, is_vouched
):
    told = {"email": ["ada@corp.example"], **({"email_verified": said} if said else {})}
    found = vouched(told, protocol="oidc", preset=preset, email_verified=is_verified)
    assert found.is_vouched is is_vouched


def test_groups_that_cannot_be_named_are_left_out_and_are_bounded():
    groups = ["a", "a", "b\n", "x" * 256, *(f"g{number}" for number in range(2000))]
    found = vouched({"mail": ["ada@corp.example"], "groups": groups})
    assert (found.groups[:2], len(found.groups)) == (("a", "g0"), 1000)


def test_a_voucher_comes_out_of_its_seal_as_it_went_in():
    told = vouched(ADA["saml", "okta"], methods=("pwd",), session_index="s", hint="")
    assert Voucher.opened(told.sealed()) == told
