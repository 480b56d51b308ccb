"""The base of every request body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request


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
        body = cls(data=request.data)
        body.is_valid(raise_exception=True)
        validated: dict[str, Any] = body.validated_data
        return validated


class Text(serializers.CharField):
    """A string and nothing that merely looks like one: 12345 is not a password."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"trim_whitespace": False, **kwargs})

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))
