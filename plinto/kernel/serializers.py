"""The base of every request body."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.core.validators import MaxLengthValidator, ProhibitNullCharactersValidator
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.validators import ProhibitSurrogateCharactersValidator


@dataclass(frozen=True, slots=True)
class _Texts:
    """The fields of a body of texts: how long each may be, and which are always in the answer."""

    longest: Mapping[str, int]
    always: frozenset[str]


class Body(serializers.Serializer[Any]):
    """
    A body whose unknown fields are refused.

    Silently dropped fields hide a client's typing errors, and mass assignment starts with them.
    """

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            unknown = [str(name) for name in data if name not in self.fields]
            if unknown:
                raise serializers.ValidationError(
                    {name[:100]: ["This field is not known."] for name in unknown[:20]}
                )
        return super().to_internal_value(data)

    @classmethod
    def read(cls, request: Request) -> dict[str, Any]:
        """
        Return the validated fields of the request's body.

        :raises rest_framework.exceptions.ValidationError: with every field that is wrong
        """
        ordinary = cls.texts_in(request.data)
        if ordinary is not None:
            return ordinary
        body = cls(data=request.data)
        body.is_valid(raise_exception=True)
        validated: dict[str, Any] = body.validated_data
        return validated

    @classmethod
    def texts_in(cls, body: Any) -> dict[str, Any] | None:
        """
        Return a body of ordinary texts, which every field would take as it is.

        None if that cannot be said at a glance: making and asking the fields costs as much as a
        statement of the database, and says what is wrong.
        """
        texts = _texts_of(cls)
        if texts is None or type(body) is not dict or not texts.always <= body.keys():
            return None
        for name, text in body.items():
            longest = texts.longest.get(name, 0)
            if type(text) is not str or not 0 < len(text) <= longest:
                return None
            # Neither NUL nor half a surrogate pair is printable ASCII, and the rest is allowed.
            if not (text.isascii() and text.isprintable()):
                return None
        return dict(body)


class Text(serializers.CharField):
    """A string and nothing that merely looks like one: 12345 is not a password."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"trim_whitespace": False, **kwargs})

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))


# What a text is asked besides its length and whether it is blank.
_OF_ANY_TEXT = {
    MaxLengthValidator,
    ProhibitNullCharactersValidator,
    ProhibitSurrogateCharactersValidator,
}


@cache
def _texts_of(kind: type[Body]) -> _Texts | None:
    """Describe a body if nothing is asked of it but that its texts are not too long."""
    fields = kind().fields
    is_own = kind.validate is not Body.validate or any(
        hasattr(kind, f"validate_{name}") for name in fields
    )
    if is_own or kind.to_internal_value is not Body.to_internal_value:
        return None
    longest = {name: _longest_of(field) for name, field in fields.items()}
    if not all(longest.values()):
        return None
    return _Texts(
        longest=longest,
        always=frozenset(
            name
            for name, field in fields.items()
            if field.required or field.default is not serializers.empty
        ),
    )


def _longest_of(field: Any) -> int:
    """The number of characters that a field takes, if it is a text and asks nothing else, or 0."""
    is_plain = (
        type(field) is Text
        and field.min_length is None
        and field.get_initial() == ""
        and not (field.read_only or field.write_only or field.trim_whitespace)
        and field.source == field.field_name
        and {type(each) for each in field.validators} <= _OF_ANY_TEXT
    )
    return (field.max_length or 0) if is_plain else 0
