"""Filters: the database finds whom scim2-models finds in memory, and nobody is fooled by one."""

from __future__ import annotations

import itertools
import json
from typing import Any

import hypothesis
import hypothesis.strategies as some
import pytest
from scim2_models import ScimFilter

from sso.models import ScimUser
from sso.scim import users
from sso.scim.kinds import Person
from sso.services.scim_tokens import ScimStanding
from tests.sso.scim.provider import ENTERPRISE, USER, Provider

PEOPLE: list[dict[str, Any]] = [
    {
        "userName": "Ada@engines.example",
        "externalId": "Okta-1",
        "active": True,
        "title": "Countess",
        "name": {"givenName": "Ada", "familyName": "Lovelace"},
        "emails": [
            {"value": "ada@engines.example", "type": "work", "primary": True},
            {"value": "ada@home.example", "type": "home"},
        ],
        ENTERPRISE: {"department": "Poetry", "manager": {"value": "7"}},
    },
    {
        "userName": "bob_100%",
        "active": False,
        "title": "poet",
        "emails": [{"value": "bob@engines.example", "type": "home"}],
        "phoneNumbers": [{"value": "+44 1", "type": "work"}, {"value": "+44 2", "type": "mobile"}],
    },
    {"userName": "eve", "nickName": "E. O'Hara\\", "displayName": "Eve"},
]
ATOMS = [
    *('userName eq "ADA@engines.example"', 'userName sw "ada"', 'userName co "_100%"'),
    *('userName ew "%"', 'userName gt "b"', 'userName le "bob_100%"', 'userName ne "eve"'),
    *('externalId eq "okta-1"', 'externalId eq "Okta-1"', "externalId pr", 'externalId sw "Ok"'),
    *("active eq true", "active eq false", 'active ne "True"', "title pr", "not (title pr)"),
    *('title eq "COUNTESS"', 'title ne "poet"', 'title gt "d"', "title eq null", "title ne null"),
    *('name.familyName co "love"', "name pr", "not (name pr)", "name.givenName pr"),
    *("emails pr", 'emails co "home"', 'emails eq "ada@home.example"', "emails.primary eq true"),
    *('emails[type eq "work"]', 'emails[type eq "work" and value co "home"]'),
    *('emails[not (type eq "work")]', 'emails[type ne "home"]', 'emails.type ne "home"'),
    *('emails[type eq "home"].value sw "bob"', "emails[primary pr]", "phoneNumbers pr"),
    *('phoneNumbers[type eq "mobile" or value eq "+44 1"]', 'nickName ew "O\'Hara\\\\"'),
    *(f'{ENTERPRISE}:department eq "poetry"', f'{ENTERPRISE}:manager.value eq "7"'),
    *("meta.created pr", 'meta.created gt "2020-01-01T00:00:00Z"', 'meta.resourceType eq "User"'),
    *('meta.lastModified lt "2020-01-01T00:00:00Z"', "groups pr", "displayName pr"),
]
FILTERS = some.recursive(
    some.sampled_from(ATOMS),
    lambda inner: some.one_of(
        some.builds("{} and {}".format, inner.map("({})".format), inner),
        some.builds("{} or {}".format, inner, inner),
        inner.map("not ({})".format),
    ),
    max_leaves=6,
)


@pytest.fixture
def provider(club) -> Provider:
    provider = Provider(club)
    for each in PEOPLE:
        provider.user(each["userName"], **{**each, "schemas": [USER, ENTERPRISE]})
    return provider


def both(who: ScimStanding, filter: str) -> tuple[list[str], list[str]]:
    """Whom the database finds, and whom the reference finds."""
    bound: Any = ScimFilter.__class_getitem__(Person)
    wanted = bound(filter)
    rows = list(ScimUser.objects.order_by("pk"))
    matching = [row.user_name for row in rows if wanted.match(users.resource(row, []))]
    return [row.user_name for row in users.found(who, wanted).order_by("pk")], matching


def test_the_database_finds_whom_the_reference_finds(club, provider):
    who = ScimStanding(club.id, "", b"")
    single = {atom: both(who, atom) for atom in ATOMS}
    assert {atom: pair for atom, pair in single.items() if pair[0] != pair[1]} == {}

    @hypothesis.settings(max_examples=60)
    @hypothesis.given(FILTERS)
    def of_many(filter: str) -> None:
        found, matching = both(who, filter)
        assert found == matching

    of_many()


def test_groups_are_filtered_by_whom_they_hold_and_people_by_their_groups(provider):
    ada, bob = (provider.find("Users", f'userName sw "{name}"')["Resources"][0] for name in "ab")
    group = provider.group("Poets", ada)
    provider.group("Empty")

    assert provider.names('displayName eq "POETS"', "Groups") == {"Poets"}
    assert provider.names(f'members.value eq "{ada["id"]}"', "Groups") == {"Poets"}
    assert provider.names(f'members[value eq "{bob["id"]}"]', "Groups") == set()
    assert provider.names('members[display sw "ADA"]', "Groups") == {"Poets"}
    assert provider.names("not (members pr)", "Groups") == {"Empty"}
    assert provider.names(f'groups.value eq "{group["id"]}"') == {"Ada@engines.example"}
    assert provider.names('groups[display eq "poets"]') == {"Ada@engines.example"}
    assert provider.names(f'id eq "{ada["id"]}" or id eq "x"') == {"Ada@engines.example"}


def test_a_search_over_all_kinds_finds_both_and_pages_through_them(provider):
    provider.group("Eve")
    wanted = {"filter": 'displayName eq "eve"', "count": 1}
    pages = [
        provider.send("POST", "/.search", {**wanted, "startIndex": start}).json()
        for start in (1, 2, 3)
    ]

    assert [page["totalResults"] for page in pages] == [2, 2, 2]
    told = [each["meta"]["resourceType"] for page in pages for each in page["Resources"]]
    assert told == ["User", "Group"]


UNASKABLE = [
    *("nope eq 1", "userName", "userName eq", "(title pr", "active gt true", 'name eq "x"'),
    *('userName eq "\\u0000"', 'userName eq "\\ud800"', "title eq 1", 'id gt "1"'),
    *('schemas eq "urn"', 'meta.version eq "1"', 'meta.created gt "yesterday"'),
    *('userName eq "x" and ' * 40 + "title pr", f'userName eq "{"x" * 3000}"'),
    *("not (" * 200 + "title pr" + ")" * 200, 'emails[value[type eq "x"] eq "y"]'),
]


def test_a_filter_that_cannot_be_asked_is_refused_as_such(club):
    provider = Provider(club)
    answers = {
        filter: provider.send("POST", "/Users/.search", {"filter": filter}) for filter in UNASKABLE
    }
    told = {
        filter: (answer.status_code, answer.json()["scimType"])
        for filter, answer in answers.items()
    }
    assert {filter: pair for filter, pair in told.items() if pair != (400, "invalidFilter")} == {}


def test_nothing_of_a_filter_becomes_a_statement(provider):
    texts = ["' OR 1=1 --", '") OR 1=1 --', "%", "_", "\\", "a\\%", "*", "$.emails[0]"]
    attributes = ["userName", "title", "emails.display", f"{ENTERPRISE}:department", "externalId"]
    for attribute, text, op in itertools.product(attributes, texts, ("eq", "sw", "ew")):
        found = provider.names(f"{attribute} {op} {json.dumps(text)}")
        assert found <= ({"bob_100%"} if text == "%" and op == "ew" else set()), (attribute, text)
