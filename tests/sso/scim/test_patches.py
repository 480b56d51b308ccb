"""PATCH and PUT of users, as the standard has them and as Entra ID and Okta send them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sso.scim.provider import ENTERPRISE, USER, Provider

NAME = "ada@elsewhere.example"
EMAILS = [{"value": NAME, "type": "work", "primary": True}]


@pytest.fixture
def provider(club) -> Provider:
    return Provider(club)


def after(provider: Provider, *operations: Any, **fields: Any) -> dict[str, Any]:
    """What a user with an address for work is after a PATCH."""
    someone = provider.user(NAME, **{"emails": EMAILS, **fields})
    answer = provider.patch("Users", someone, *operations)
    assert answer.status_code == 200, answer.content
    return dict(answer.json())


def test_entra_switches_off_by_a_text_in_an_operation_in_capitals(provider):
    told = after(provider, {"op": "Replace", "path": "active", "value": "False"})

    assert told["active"] is False


def test_entra_sets_parts_of_an_entry_that_is_not_there_yet(provider):
    told = after(
        provider,
        {"op": "Add", "path": 'emails[type eq "work"].value', "value": NAME},
        {"op": "Add", "path": 'phoneNumbers[type eq "mobile"].value', "value": "+44 2"},
        {"op": "Add", "path": "name.givenName", "value": "Ada"},
        {"op": "Add", "path": f"{ENTERPRISE}:department", "value": "Poetry"},
        {"op": "Add", "path": f"{ENTERPRISE}:manager", "value": "7"},
        emails=[],
    )

    assert told["emails"] == [{"value": NAME, "type": "work"}]
    assert told["phoneNumbers"] == [{"value": "+44 2", "type": "mobile"}]
    assert told["name"] == {"givenName": "Ada"}
    assert told[ENTERPRISE] == {"department": "Poetry", "manager": {"value": "7"}}
    assert set(told["schemas"]) == {USER, ENTERPRISE}


def test_dotted_names_and_brackets_without_a_path_are_paths(provider):
    value = {
        "active": False,
        "name.familyName": "Lovelace",
        'emails[type eq "work"].value': "ada@work.example",
        f"{ENTERPRISE}:department": "Poetry",
    }
    told = after(provider, {"op": "replace", "value": value})

    assert (told["active"], told["name"]) == (False, {"familyName": "Lovelace"})
    assert [each["value"] for each in told["emails"]] == ["ada@work.example"]
    assert told[ENTERPRISE] == {"department": "Poetry"}


def test_okta_replaces_without_a_path_and_repeats_the_id(provider):
    someone = provider.user(NAME)
    value = {"id": someone["id"], "active": False}
    answer = provider.patch("Users", someone, {"op": "replace", "value": value})

    assert answer.json()["active"] is False


def test_names_of_attributes_have_no_case_and_values_are_removed(provider):
    told = after(
        provider,
        {"op": "replace", "path": "DISPLAYNAME", "value": "Ada"},
        {"op": "remove", "path": 'emails[type eq "work" and value ew "example"]'},
        {"op": "remove", "path": "title"},
        title="Countess",
    )

    assert told["displayName"] == "Ada"
    assert "emails" not in told
    assert "title" not in told


def test_one_bad_operation_undoes_those_before_it(provider):
    someone = provider.user(NAME)
    good = {"op": "add", "path": "title", "value": "Countess"}
    for bad, keyword in [
        ({"op": "replace", "path": "nope", "value": "1"}, "invalidPath"),
        ({"op": "replace", "path": "id", "value": "1"}, "mutability"),
        ({"op": "remove", "path": "userName"}, "mutability"),
        ({"op": "remove"}, "noTarget"),
        ({"op": "replace", "path": "userName", "value": ["a", "b"]}, "invalidValue"),
        ({"op": "replace", "path": "active", "value": "perhaps"}, "invalidValue"),
        ({"op": "turn", "path": "title", "value": "1"}, "invalidValue"),
        ({"op": "add", "path": "emails", "value": [{"value": "no address"}]}, "invalidValue"),
        ({"op": "add", "path": 'emails[type eq "', "value": "1"}, "invalidPath"),
        ("replace", "invalidSyntax"),
    ]:
        answer = provider.patch("Users", someone, good, bad)
        told = answer.json()
        assert (answer.status_code, told["status"]) == (400, "400"), bad
        assert told["scimType"] in {keyword, "invalidValue"}, (bad, told)
    assert "title" not in provider.get(f"/Users/{someone['id']}").json()


def test_a_put_replaces_all_but_whether_somebody_is_active(provider):
    someone = provider.user(NAME, title="Countess", emails=EMAILS)
    provider.switch(someone, active=False)
    body = {"schemas": [USER], "userName": "Ada@elsewhere.example", "nickName": "A"}
    told = provider.send("PUT", f"/Users/{someone['id']}", body).json()

    assert (told["userName"], told["nickName"], told["active"]) == (
        *("Ada@elsewhere.example", "A"),
        False,
    )
    assert not {"title", "emails"} & told.keys()
    assert told["meta"]["version"] == 'W/"3"'


def test_a_name_is_one_users_whatever_its_case(provider):
    provider.user(NAME)
    other = provider.user("other")
    taken = provider.send("POST", "/Users", {"schemas": [USER], "userName": NAME.upper()})
    renamed = provider.patch(
        "Users", other, {"op": "replace", "path": "userName", "value": NAME.upper()}
    )

    for answer in (taken, renamed):
        assert (answer.status_code, answer.json()["scimType"]) == (409, "uniqueness")
