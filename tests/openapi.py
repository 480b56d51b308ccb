"""The OpenAPI document as tests read it: its operations, their examples and their schemas."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator

PLINTO: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)


@dataclass(frozen=True)
class Described:
    """One operation as the document tells of it."""

    method: str
    path: str
    told: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.told["operationId"])

    @property
    def is_for_anyone(self) -> bool:
        return not self.told.get("security") or {} in self.told["security"]

    @property
    def scheme(self) -> str:
        """By which scheme whoever asks must be known, if they must."""
        schemes = self.told.get("security", [])
        return "" if self.is_for_anyone else str(next(iter(schemes[0])))

    def body(self) -> tuple[str, dict[str, Any]]:
        """The kind of content it takes first, and what the document says of it; or nothing."""
        content = self.told.get("requestBody", {}).get("content", {})
        return next(iter(content.items()), ("application/json", {}))

    def success(self, status: str = "") -> tuple[int, dict[str, Any]]:
        """The first status of success, or the one given, and what is said of its answer."""
        status = status or min(self.told["responses"])
        content = self.told["responses"][status].get("content", {})
        return int(status), next(iter(content.values()), {})

    def refusals(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Each example of a refusal, with its status."""
        for status, response in self.told["responses"].items():
            media = response.get("content", {}).get("application/json", {})
            if media.get("schema") == {"$ref": "#/components/schemas/Error"}:
                for example in examples_of(media).values():
                    yield status, example

    def refusal(self, status: int, code: str = "") -> dict[str, Any]:
        """The example of a refusal with this status, and with this code if there is one."""
        return next(
            example
            for shown, example in self.refusals()
            if shown == str(status) and code in ("", example["error"])
        )


def examples_of(media: dict[str, Any]) -> dict[str, Any]:
    """The examples of one kind of content, by name."""
    if "example" in media:
        return {"example": media["example"]}
    return {name: each["value"] for name, each in media.get("examples", {}).items()}


def faults(instance: Any, schema: dict[str, Any]) -> list[str]:
    """What keeps an instance from being what a schema of the document describes."""
    whole = {**schema, "components": PLINTO["components"]}
    checker = Draft202012Validator.FORMAT_CHECKER
    found = Draft202012Validator(whole, format_checker=checker).iter_errors(instance)
    return [f"{error.json_path}: {error.message}" for error in found]


def _operations() -> dict[str, Described]:
    found = [
        Described(method.upper(), path, told)
        for path, methods in PLINTO["paths"].items()
        for method, told in methods.items()
    ]
    return {each.name: each for each in found}


OPERATIONS = _operations()
