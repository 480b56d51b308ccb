"""What there may be before an example of the OpenAPI document is sent, and who sends it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pytest

from accounts.examples.values import EMAIL
from tests.accounts import phones
from tests.accounts.organizations import Club
from tests.accounts.people import Person, signed_in, token_in
from tests.api import Api
from tests.factories import UserFactory
from tests.servers.identity_provider import IdentityProvider


@dataclass(frozen=True)
class Given:
    """Who sends the example, to which address, and with what in place of its tokens."""

    token: str | None = None
    path: dict[str, Any] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)


class World:
    """What there may be before an example is sent; nothing of it is there unless asked for."""

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self.api: Api = request.getfixturevalue("api")
        self.letters: Callable[[], list[Any]] = request.getfixturevalue("letters")
        self._request = request

    @cached_property
    def idp(self) -> IdentityProvider:
        return self._request.getfixturevalue("idp")

    @cached_property
    def settings(self) -> Any:
        return self._request.getfixturevalue("settings")

    @cached_property
    def ada(self) -> Person:
        """The person of the examples, signed in."""
        return signed_in(self.api, user=UserFactory(email=EMAIL, name="Ada Lovelace"))

    @cached_property
    def club(self) -> Club:
        """An organization of hers."""
        return Club(self.api, owner=self.ada)

    @cached_property
    def phone(self) -> phones.Phone:
        """An app that she has added, which shows another code by now."""
        phone = phones.begun(self.api, self.ada)
        body = {"code": phone.code()}
        added = self.api.post(f"{phones.MFA}/totp/confirm", body, token=self.ada.access)
        assert added.status_code == 200, added.content
        phones.let_half_a_minute_pass()
        return phone

    def entered(self, context: Any) -> Any:
        """Enter a context that ends with the test."""
        found = context.__enter__()
        self._request.addfinalizer(lambda: context.__exit__(None, None, None))
        return found

    def hers(self, **path: Any) -> Given:
        return Given(self.ada.access, path=path)

    def hers_elsewhere_too(self) -> Given:
        """She is signed in on another device as well."""
        signed_in(self.api, user=self.ada.user)
        return self.hers()

    def in_club(self, **path: Any) -> Given:
        return Given(self.ada.access, path={"organization_id": self.club.id, **path})

    def mailed(self, path: str) -> str:
        """Have a link mailed to her, and return its token."""
        assert self.ada
        assert self.api.post(f"/api/v1/auth/{path}", {"email": EMAIL}).status_code == 202
        return token_in(self.letters()[-1])
