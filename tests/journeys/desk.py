"""A browser at the admin site, without the pictures: cookies, forms and where they lead."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from urllib.parse import urlencode

from tests.factories import PASSWORD

PEOPLE = "/admin/accounts/user/"
SIGN_IN = "/admin/login/"


@dataclass(frozen=True, slots=True)
class Page:
    """What came back; ``location`` is where the browser is sent, if anywhere."""

    status: int
    location: str
    text: str


@dataclass
class Desk:
    """
    Somebody at the admin site at ``address``, each request on a connection of its own.

    Django takes the secret against forged forms from whoever shows it twice, so no page has to
    be fetched before a form is sent.
    """

    port: int
    email: str
    address: str
    cookies: dict[str, str] = field(default_factory=lambda: {"csrftoken": "c" * 32})

    def sign_in(self, password: str = PASSWORD) -> Page:
        form = {"username": self.email, "password": password, "next": "/admin/"}
        return self.post(SIGN_IN, form)

    def act(self, action: str, *people: str) -> Page:
        """Run an action of the list of people on some of them."""
        return self.post(PEOPLE, {"action": action, "_selected_action": list(people)})

    def post(self, path: str, form: Mapping[str, str | list[str]]) -> Page:
        form = {**form, "csrfmiddlewaretoken": self.cookies["csrftoken"]}
        return self._send("POST", path, urlencode(form, doseq=True))

    def get(self, path: str) -> Page:
        return self._send("GET", path)

    def _send(self, method: str, path: str, content: str | None = None) -> Page:
        headers = {
            "X-Forwarded-For": self.address,
            "Cookie": "; ".join(f"{name}={text}" for name, text in self.cookies.items()),
        }
        if content is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, content, headers)
            response = connection.getresponse()
            for line in response.headers.get_all("Set-Cookie", []):
                for name, morsel in SimpleCookie(line).items():
                    self.cookies[name] = morsel.value
            text = response.read().decode()
            return Page(response.status, response.headers.get("Location", ""), text)
        finally:
            connection.close()
