"""Whom a provider means, when it is not the NameID."""

from __future__ import annotations

from tests.accounts.organizations import Club
from tests.api import Api
from tests.sso.attacks.signing import EMAIL
from tests.sso.saml_travellers import Corporation


def test_a_person_known_by_an_attribute_may_have_their_address_as_the_nameid(club: Club, api: Api):
    corp = Corporation(club, saml={"subject_attribute": "uid"})
    attributes = (("uid", ("4711",)),)

    tokens = corp.signed_in(api, name_format=EMAIL, attributes=attributes)

    me = api.get("/api/v1/me", token=tokens["access"]).json()
    assert me["email"] == f"ada@{corp.domain}"
