"""
The OpenAPI document in full: what drf-spectacular reads from the views, told for people.

``complete`` adds summaries, subjects and examples from the tables of each layer. An operation
that no table knows stays as it was found, and a test names it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from accounts.api_key_errors import ApiKeyInvalid
from accounts.errors import ReauthenticationRequired, SessionEnded
from accounts.examples import (
    api_keys,
    domains,
    entry,
    factors,
    organization_people,
    organizations,
    passkeys,
    person,
    providers,
    sessions,
    trail,
)
from plinto.kernel.examples import Operation, Several, Subject
from plinto.kernel.exceptions import (
    AuthenticationError,
    MalformedRequestError,
    NotFoundError,
    PayloadTooLargeError,
    PlintoAPIException,
    RateLimitError,
    ServiceUnavailableError,
    UnsupportedMediaTypeError,
    ValidationError,
)
from plinto.kernel.pages import MOST
from resilience import examples as resilience_examples
from sso.examples import arrivals as arrival_examples
from sso.examples import connections as connection_examples
from sso.examples import doors as sso_doors
from sso.examples import oidc_doors, scim_tokens
from webhooks import examples as webhooks_examples

SUBJECTS: tuple[Subject, ...] = (
    entry.SUBJECT,
    sessions.SUBJECT,
    person.SUBJECT,
    factors.SUBJECT,
    passkeys.SUBJECT,
    providers.SUBJECT,
    organizations.SUBJECT,
    organization_people.SUBJECT,
    api_keys.SUBJECT,
    domains.SUBJECT,
    connection_examples.SUBJECT,
    arrival_examples.SUBJECT,
    sso_doors.SUBJECT,
    oidc_doors.SUBJECT,
    scim_tokens.SUBJECT,
    webhooks_examples.SUBJECT,
    trail.SUBJECT,
    resilience_examples.SUBJECT,
)
_REQUEST_ID = "01930f6e-8d2b-7c31-9a54-4f0c8e6b7a10"
_USUAL: tuple[PlintoAPIException, ...] = (
    MalformedRequestError("The body is not valid JSON in UTF-8."),
    ReauthenticationRequired(),
    NotFoundError(),
    PayloadTooLargeError(),
    UnsupportedMediaTypeError(),
    RateLimitError(),
    ServiceUnavailableError(),
)
_WITHOUT_GOOD_TOKEN: dict[str, tuple[PlintoAPIException, ...]] = {
    "access_token": (AuthenticationError(), SessionEnded()),
    "api_key": (AuthenticationError(), ApiKeyInvalid()),
}
# The docstring of a view names its paths, which is news to readers of code alone.
_PATHS = re.compile(r"(?:GET|POST|PUT|PATCH|DELETE)\b.* /")


def complete(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Tell of every operation what its table knows; drf-spectacular calls this at the end."""
    known = {name: (subject, one) for subject in SUBJECTS for name, one in _of(subject)}
    for methods in result["paths"].values():
        for found in methods.values():
            if found["operationId"] in known:
                _tell(found, *known[found["operationId"]], schemas=result["components"]["schemas"])
    result["tags"] = [{"name": each.name, "description": each.description} for each in SUBJECTS]
    result["components"]["securitySchemes"] |= resilience_examples.SECURITY_SCHEMES
    return result


def _of(subject: Subject) -> Iterable[tuple[str, Operation]]:
    return subject.operations.items()


def _tell(
    found: dict[str, Any], subject: Subject, told: Operation, *, schemas: dict[str, Any]
) -> None:
    found["tags"] = [subject.name]
    found["summary"] = told.summary
    said = found.pop("description", "")
    description = told.description or ("" if _PATHS.match(said) else said)
    if description:
        found["description"] = description
    if told.security is not None:
        found["security"] = told.security
    for parameter in found.get("parameters", ()):
        if parameter["name"] in subject.parameters:
            parameter["example"] = subject.parameters[parameter["name"]]
    if told.body is not None:
        _show(found["requestBody"], told.body)
    answers = {min(found["responses"]): told.answer}
    answers |= {str(status): answer for status, answer in told.others.items()}
    for status, response in found["responses"].items():
        is_page = isinstance(answers.get(status), str) and len(response.get("content", ())) > 1
        if status in answers:
            _show(response, answers[status], but="application/json" if is_page else "")
        if status not in answers or is_page:
            refused = _refused(_refusals(found, subject, told, schemas), int(status))
            _show(response, refused, but="text/html")


def _show(part: dict[str, Any], example: Any, *, but: str = "") -> None:
    """Let each kind of content have the example, ``but`` one for which it is none."""
    for kind, media in part.get("content", {}).items():
        if kind == but:
            continue
        if isinstance(example, Several):
            media["examples"] = {name: {"value": one} for name, one in example.named.items()}
        elif example is not None:
            media["example"] = example


def _refusals(
    found: dict[str, Any], subject: Subject, told: Operation, schemas: dict[str, Any]
) -> list[PlintoAPIException]:
    """The usual refusals, where the subject has none of its own, and those of the operation."""
    own = {refusal.status_code for refusal in (*subject.refusals, *told.refusals)}
    usual = [refusal for refusal in _USUAL if refusal.status_code not in own]
    schemes = found.get("security", ())
    if {} not in schemes:
        for name in {name for scheme in schemes for name in scheme}:
            usual += _WITHOUT_GOOD_TOKEN.get(name, ())
    if 422 not in own:
        usual.append(_invalid(found, schemas))
    return [*usual, *subject.refusals, *told.refusals]


def _invalid(found: dict[str, Any], schemas: dict[str, Any]) -> ValidationError:
    """Refuse the first field that must be there; else a limit; else a field that nobody knows."""
    content = found.get("requestBody", {}).get("content", {}).get("application/json", {})
    name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
    required = schemas.get(name, {}).get("required")
    if required:
        return ValidationError(fields={required[0]: ["This field is required."]})
    if any(parameter["name"] == "limit" for parameter in found.get("parameters", ())):
        return ValidationError(fields={"limit": [f"Must be a whole number from 1 to {MOST}."]})
    return ValidationError(fields={"nickname": ["This field is not known."]})


def _refused(refusals: list[PlintoAPIException], status: int) -> Any:
    shown = {
        refusal.error_code: {**refusal.to_dict(), "request_id": _REQUEST_ID}
        for refusal in refusals
        if refusal.status_code == status
    }
    return Several(shown) if len(shown) > 1 else next(iter(shown.values()), None)
