"""The examples of the OpenAPI document work: sent to the API, each is answered as it says."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from resilience import health
from resilience.policies import POLICIES
from tests.accounts.key_holders import made
from tests.accounts.organizations import Club
from tests.accounts.prepared import PREPARED
from tests.accounts.worlds import Given, World
from tests.audit import vocabulary
from tests.audit.vocabulary import added_since, there
from tests.openapi import OPERATIONS, Described, examples_of, faults

FORM = "application/x-www-form-urlencoded"
# What stands in these differs from deployment to deployment and from person to person.
FREE = {"tables"}


@pytest.fixture(autouse=True)
def _nothing_is_remembered():
    """What health pages found lately, they may have found in a test without a database."""
    health.forget()


def test_each_operation_has_a_world_to_be_tried_in():
    assert set(OPERATIONS) - set(PREPARED) == set()
    assert set(PREPARED) - set(OPERATIONS) == set()


def groups() -> dict[str, list[str]]:
    """What changes nothing shares a world with what wants the same one; nothing else does."""
    found: dict[Any, list[str]] = {}
    for name, operation in OPERATIONS.items():
        reads = operation.method == "GET" and name != "take_export"
        found.setdefault(PREPARED.get(name) if reads else name, []).append(name)
    return {names[0]: names for names in found.values()}


# Of these the document has a page besides, for a provider that wants to be posted to.
REDIRECTED = {"begin_saml": "303", "post_saml_logout": "303"}


@pytest.mark.parametrize("names", groups().values(), ids=groups())
def test_an_example_is_answered_as_documented(request, names):
    world = World(request)
    given = PREPARED[names[0]](world)
    for name in names:
        operation = OPERATIONS[name]
        status, media = operation.success(REDIRECTED.get(name, ""))
        before = there()
        answer = send(world, operation, given)
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content
        assert answer.status_code == status, content
        assert bool(content) == bool(media), operation.name
        if media:
            is_json = "json" in answer["Content-Type"] and not answer.streaming
            said = json.loads(content) if is_json else content.decode()
            assert faults(said, media["schema"]) == [], operation.name
            assert any(is_like(said, shown) for shown in examples_of(media).values()), said
        wanted = vocabulary.BY_OPERATION.get(operation.name, "").split()
        assert sorted(added_since(before)) == sorted(wanted), operation.name


def test_nobody_is_refused_where_the_document_wants_a_token(api, settings):
    settings.HEALTH_TOKEN = "monitoring"
    for name, operation in OPERATIONS.items():
        answer = api.send(operation.method, path(operation, Given()))
        is_refused = answer.status_code == 401 and answer.json()["error"] == "AUTHENTICATION_ERROR"
        assert is_refused != operation.is_for_anyone, name
        if is_refused:
            assert without_id(answer.json()) == without_id(operation.refusal(401)), name


def test_broken_bodies_are_refused_in_the_words_of_the_document(api, limited):
    limited(*(f"{name}.{kind}=1000000/60s" for name in POLICIES for kind in ("address", "account")))
    club = Club(api)
    tokens = {
        "access_token": club.owner.access,
        "api_key": made(club, "tokens:*").text,
        "": None,
    }
    for name, operation in OPERATIONS.items():
        if "415" not in operation.told["responses"] or name == "post_from_provider":
            continue
        for status, body, kind in broken(operation):
            answer = api.send(
                operation.method,
                path(operation, Given()),
                body,
                token=tokens[operation.scheme],
                content_type=kind,
            )
            said, shown = answer.json(), operation.refusal(status)
            assert (said["error"], said["message"]) == (shown["error"], shown["message"]), name
            fields = shown["details"].get("fields", {})
            assert fields.items() <= said["details"].get("fields", {}).items(), name


def broken(operation: Described) -> list[tuple[int, Any, str]]:
    """Bodies that are no JSON, of another kind, and not what the schema wants."""
    [field] = operation.refusal(422)["details"]["fields"]
    return [
        (400, b"{", "application/json"),
        (415, b"email=x", "text/plain"),
        (422, {field: "x"} if field == "nickname" else {}, "application/json"),
    ]


def send(world: World, operation: Described, given: Given) -> Any:
    """Send the first example, with what only this world knows in place of what is shown."""
    kind, media = operation.body()
    body: Any = next(iter(examples_of(media).values()), None)
    if body is not None:
        assert all(is_like(told, body[name]) for name, told in given.body.items())
        body = {**body, **given.body}
        body = urlencode(body) if kind == FORM else json.dumps(body)
    return world.api.send(
        operation.method, path(operation, given), body, token=given.token, content_type=kind
    )


def path(operation: Described, given: Given) -> str:
    """Fill in the parts of the path as the world knows them or as the document shows them."""
    shown = {each["name"]: each for each in operation.told.get("parameters", ())}
    parts = {name: each["example"] for name, each in shown.items() if each["in"] == "path"}
    asked = {
        name: each["example"]
        for name, each in shown.items()
        if each["in"] == "query" and each.get("required")
    }
    query = urlencode({**asked, **given.query})
    filled = operation.path.format(**{**parts, **given.path})
    return f"{filled}?{query}" if query else filled


def is_like(said: Any, shown: Any) -> bool:
    """Tell whether one has the fields of the other, whatever stands in them."""
    if isinstance(said, dict) and isinstance(shown, dict):
        return said.keys() == shown.keys() and all(
            name in FREE or is_like(said[name], shown[name]) for name in said
        )
    if isinstance(said, list) and isinstance(shown, list):
        return all(is_like(each, shown[0]) for each in said if shown)
    return isinstance(said, type(shown)) or None in (said, shown)


def without_id(refusal: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in refusal.items() if name != "request_id"}
