"""
Bodies and questions of SCIM, read by scim2-models and refused in our words.

Unknown attributes are refused. What Microsoft Entra and Okta are known to send in spite of the
standard is read as they mean it: operations in capitals, truth values as text, dotted names without
a path, a value to remove, and a filter that describes an entry which is not there yet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import pydantic
from django.http import QueryDict
from scim2_models import (
    Context,
    Error,
    PatchOp,
    ResponseParameters,
    SCIMException,
    ScimPolicy,
    SearchRequest,
)

from plinto.kernel.exceptions import MalformedRequestError
from plinto.kernel.parsers import StrictJSONParser
from sso.scim.errors import MEDIA_TYPE
from sso.scim.kinds import EnterpriseUser
from sso.scim_errors import ScimRequestInvalid

TOLERANT = ScimPolicy(
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
)
MOST = 200  # resources in one answer
_USUAL = 100
_LONGEST_QUESTION = 2_000  # characters of a filter, or of a list of attributes
_FURTHEST = 2**31 - 1
_MOST_OPERATIONS = 1_000
_ENTERPRISE = str(EnterpriseUser.__schema__).lower()
_ASKED = ("filter", "startIndex", "count", "attributes", "excludedAttributes")

Read = TypeVar("Read")


class ScimParser(StrictJSONParser):
    """The same strict JSON under the name that SCIM gives it."""

    media_type = MEDIA_TYPE


@contextmanager
def refused_plainly() -> Iterator[None]:
    """
    Turn what scim2-models refuses into refusals of ours.

    :raises ScimRequestInvalid: instead of whatever the block raises about the request
    """
    try:
        yield
    except pydantic.ValidationError as error:
        first = Error.from_validation_errors(error)[0]
        raise ScimRequestInvalid(
            _short(first.detail), scim_type=first.scim_type or "invalidValue"
        ) from error
    except SCIMException as error:
        cause = error.__cause__
        told = _short(str(error))
        if isinstance(cause, pydantic.ValidationError):
            told = _short(Error.from_validation_errors(cause)[0].detail)
        raise ScimRequestInvalid(told, scim_type=error.scim_type or "invalidValue") from error
    except RecursionError as error:
        raise MalformedRequestError("The body is nested too deeply.", reason="nesting") from error


def mapping(body: Any) -> Mapping[str, Any]:
    """
    Return a body that is an object.

    :raises ScimRequestInvalid: it is something else
    """
    if not isinstance(body, dict):
        raise ScimRequestInvalid("Send an object.", scim_type="invalidSyntax")
    return body


def asked(model: Any, given: QueryDict | Mapping[str, Any]) -> SearchRequest[Any]:
    """
    Read what a list is asked for, with its bounds applied; names that mean nothing are ignored.

    :raises ScimRequestInvalid: the filter or a list of attributes cannot be read
    """
    wanted = _given(given, _ASKED)
    with refused_plainly():
        request: SearchRequest[Any] = SearchRequest[model].model_validate(wanted)
        request.start_index = min(request.start_index or 1, _FURTHEST)
        request.count = _USUAL if request.count is None else min(request.count, MOST)
    return request


def shown(model: Any, given: QueryDict) -> ResponseParameters[Any]:
    """
    Read which attributes an answer is to have.

    :raises ScimRequestInvalid: they cannot be read
    """
    with refused_plainly():
        wanted = _given(given, ("attributes", "excludedAttributes"))
        found: ResponseParameters[Any] = ResponseParameters[model].model_validate(wanted)
    return found


def patch(model: Any, body: Any) -> Any:
    """
    Read the operations of a PATCH.

    :raises ScimRequestInvalid: one of them cannot be read, or there are too many
    """
    given = dict(mapping(body))
    for name, operations in given.items():
        if name.lower() == "operations" and isinstance(operations, list):
            if len(operations) > _MOST_OPERATIONS:
                told = f"A PATCH has {_MOST_OPERATIONS} operations at most."
                raise ScimRequestInvalid(told, scim_type="tooMany")
            given[name] = [meant for each in operations for meant in _as_meant(each)]
    with refused_plainly():
        return PatchOp[model].model_validate(
            given, scim_ctx=Context.RESOURCE_PATCH_REQUEST, scim_policy=TOLERANT
        )


def seen(headers: Mapping[str, str], name: str) -> Callable[[int], bool] | None:
    """
    Read If-Match or If-None-Match as a question about a version; None if it is not asked.

    Versions are compared weakly (RFC 7232, section 2.3.2), as they are told.
    """
    text = headers.get(name)
    if text is None:
        return None
    tags = {tag.strip().removeprefix("W/") for tag in text.split(",")}
    return lambda version: "*" in tags or f'"{version}"' in tags


def _as_meant(operation: Any) -> list[Any]:
    """Read an operation without a path whose names are paths as one for each such name."""
    if not isinstance(operation, dict):
        return [operation]
    path, value = operation.get("path"), operation.get("value")
    if isinstance(path, str):
        return [{**operation, "path": _as_text(path, value)}]
    if not isinstance(value, dict):
        return [operation]
    paths = {name for name in value if "[" in name or _as_text(name, value[name]) != name}
    rest = {name: each for name, each in value.items() if name not in paths}
    divided = [
        {**operation, "path": _as_text(name, value[name]), "value": value[name]}
        for name in value
        if name in paths
    ]
    return [*([{**operation, "value": rest}] if rest else []), *divided]


def _as_text(path: str, value: Any) -> str:
    """Entra names a manager by a text, where the schema has an object with a value."""
    is_manager = path.lower() == f"{_ENTERPRISE}:manager" and isinstance(value, str)
    return f"{path}.value" if is_manager else path


def _given(given: QueryDict | Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    wanted = {name: given[name] for name in names if name in given}
    for name, text in wanted.items():
        if isinstance(text, str) and len(text) > _LONGEST_QUESTION:
            kind = "invalidFilter" if name == "filter" else "invalidValue"
            raise ScimRequestInvalid(f"{name} is too long.", scim_type=kind)
        if isinstance(text, str) and "\x00" in text:
            raise ScimRequestInvalid(f"{name} holds a NUL character.", scim_type="invalidValue")
    return wanted


def _short(text: str | None) -> str:
    return (text or "The request is not valid SCIM.")[:300]
