"""How the OpenAPI document names bearer tokens; drf-spectacular finds these classes by itself."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension

_ACCESS_TOKEN = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
_API_KEY = {"type": "http", "scheme": "bearer", "bearerFormat": "plk_ and 49 characters"}


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """An access token in the Authorization header."""

    target_class = "accounts.authentication.BearerAuthentication"
    name = "access_token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:  # noqa: ARG002
        return _ACCESS_TOKEN


class ForwardScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Either of the two, which are defined where they are the only one."""

    target_class = "accounts.forward_authentication.ForwardAuthentication"
    name: list[str] = []

    def get_security_requirement(self, auto_schema: Any) -> list[dict[str, list[str]]]:  # noqa: ARG002
        return [{BearerScheme.name: []}, {ApiKeyScheme.name: []}]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, str]]:  # noqa: ARG002
        return []


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """An API key of an organization in the same header."""

    target_class = "accounts.authentication.ApiKeyAuthentication"
    name = "api_key"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:  # noqa: ARG002
        return _API_KEY
