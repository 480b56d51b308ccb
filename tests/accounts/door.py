"""What is written of one door of the API; ``doors`` lists them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

API = "api/v1/"
ONE = f"{API}organizations/<uuid:organization_id>"


class Least(IntEnum):
    """
    The least of those who come in: any, any who are signed in, and the ranks of members.

    ``KEY`` stands beside them: programs with an API key that holds the scope, and no person. So
    does ``PROVISIONER``: an identity provider with the SCIM token of the organization.
    """

    ANYONE = 0
    SIGNED_IN = 1
    VIEWER = 2
    MEMBER = 3
    ADMIN = 4
    OWNER = 5
    KEY = 6
    PROVISIONER = 7


@dataclass(frozen=True, eq=False)
class Door:
    """
    One method of one route.

    ``is_fresh`` asks for a proof within ten minutes; behind ``is_own`` is something of one person,
    which is not there for anybody else. ``body`` is what may be sent, and ``answer`` what whoever
    is let in then gets: any success, or the status and the code of what the sent secret is worth.
    ``scope`` lets keys of the organization in too, which hold it; ``to_strangers`` is told to
    whoever is not in it.
    """

    method: str
    path: str
    lets_in: Least
    body: Any = None
    answer: str = "success"
    is_fresh: bool = False
    is_own: bool = False
    query: str = ""
    scope: str = ""
    to_strangers: str = "404 NOT_FOUND"

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def sent(self, mail: str, refresh: str) -> Any:
        """The body, by somebody with an address and a refresh token."""
        return self.body(mail, refresh) if callable(self.body) else self.body
