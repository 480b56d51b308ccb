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
    """Either of the two."""

    target_class = "accounts.forward_authentication.ForwardAuthentication"
    name = ["access_token", "api_key"]

    def get_security_requirement(self, auto_schema: Any) -> list[dict[str, list[str]]]:  # noqa: ARG002
        return [{name: []} for name in self.name]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, str]]:  # noqa: ARG002
        return [_ACCESS_TOKEN, _API_KEY]


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """An API key of an organization in the same header."""

    target_class = "accounts.authentication.ApiKeyAuthentication"
    name = "api_key"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:  # noqa: ARG002
        return _API_KEY
