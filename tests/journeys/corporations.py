"""An organization with a SAML connection at the doors of a deployment, and its provider."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import UUID, uuid4

from django.utils import timezone

from plinto.kernel.ids import uuid7
from sso.facts import KeyPair, ServiceProvider
from tests.journeys.clients import Answer, Caller, Visitor
from tests.journeys.clubs import founded
from tests.journeys.world import World
from tests.sso.attacks.signing import Told, form, good, key_of
from tests.sso.saml_travellers import Asked, read

APP = "http://app.example/in"
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_CONNECTION = """
INSERT INTO sso_connection (id, organization_id, slug, name, protocol, preset, is_enabled,
    redirect_uris, attributes, creates_accounts, clock_skew, created_at, updated_at)
VALUES (%s, %s, %s, 'Corporate', 'saml', 'generic', true, %s, '{}', true, 60, now(), now())
"""
_SETTINGS = """
INSERT INTO sso_saml_settings (connection_id, entity_id, sso_url, sso_binding, slo_url,
    slo_answer_url, slo_binding, certificates, metadata_url, metadata_xml, metadata_signer,
    subject_attribute, allows_unsolicited, wants_encrypted)
VALUES (%s, %s, %s, 'redirect', %s, '', 'redirect', %s, '', '', '', '', false, false)
"""
DOMAIN = """
INSERT INTO accounts_organization_domain (id, organization_id, name, token, created_at, verified_at)
VALUES (%s, %s, %s, %s, now(), now())
"""


@dataclass
class Browser:
    """A browser, whom any worker may answer, and the cookie by which it is known."""

    caller: Caller
    cookie: str = ""

    def get(self, path: str) -> Answer:
        answer = self.caller.send("GET", path, headers={"Cookie": self.cookie})
        if told := answer.headers.get("Set-Cookie"):
            self.cookie = told.partition(";")[0]
        return answer

    def exchange(self, code: str, *, by: Caller | None = None) -> Answer:
        body, cookie = {"code": code}, {"Cookie": self.cookie}
        return (by or self.caller).send("POST", "/api/v1/auth/sso/exchange", body, headers=cookie)


@dataclass
class Corporation:
    """One connection; whoever comes by it is vouched for by an honest provider."""

    world: World
    organization_id: str
    slug: str = field(default_factory=lambda: f"corp-{uuid4().hex[:12]}")
    domain: str = field(default_factory=lambda: f"{uuid4().hex}.example")
    connection_id: UUID = field(default_factory=uuid7)
    entity_id: str = "https://idp.example/metadata"

    @property
    def path(self) -> str:
        return f"/sso/saml/{self.slug}"

    @property
    def service(self) -> ServiceProvider:
        base = f"{self.world.web.environment['PUBLIC_URL']}{self.path}"
        return ServiceProvider(f"{base}/metadata", f"{base}/acs", f"{base}/sls", ())

    @property
    def key(self) -> KeyPair:
        return key_of("idp")

    def begin(self, browser: Browser) -> Asked:
        """Go to the login door, and read what the provider is asked."""
        answer = browser.get(f"{self.path}/login")
        assert answer.status == 303, answer.content
        return read(answer.headers["Location"])

    def told(self, asked: Asked, name: str = "ada", **changes: Any) -> Told:
        address = f"{name}@{self.domain}"
        return Told(
            sp=self.service,
            issuer=self.entity_id,
            request_id=asked.request_id,
            now=timezone.now(),
            name_id=address,
            attributes=(("mail", (address,)),),
            response_id=f"_{secrets.token_hex(16)}",
            assertion_id=f"_{secrets.token_hex(16)}",
        ).but(**changes)

    def answer(self, asked: Asked, name: str = "ada", **changes: Any) -> str:
        """The form value of an honest answer."""
        return form(good(self.told(asked, name, **changes), self.key))

    def post(self, caller: Caller, value: str, relay_state: str) -> Answer:
        """Let the provider's page post a form, which brings no cookie."""
        body = urlencode({"SAMLResponse": value, "RelayState": relay_state}).encode()
        return caller.send("POST", f"{self.path}/acs", body, headers=_FORM)

    def sign_out(self, caller: Caller, value: str) -> Answer:
        """Let the provider post a request to sign somebody out."""
        body = urlencode({"SAMLRequest": value}).encode()
        return caller.send("POST", f"{self.path}/sls", body, headers=_FORM)

    def come_back(self, browser: Browser, posted: Answer) -> Answer:
        """Follow the redirect that a post was answered with."""
        assert posted.status == 303, posted.content
        parts = urlsplit(posted.headers["Location"])
        return browser.get(f"{parts.path}?{parts.query}")

    def code(self, browser: Browser, name: str = "ada") -> str:
        """Go there and back."""
        asked = self.begin(browser)
        posted = self.post(browser.caller, self.answer(asked, name), asked.relay_state)
        return code_in(self.come_back(browser, posted))

    def sessions(self) -> int:
        [[found]] = self.world.sql(
            "SELECT count(*) FROM accounts_session WHERE connection_id = %s", self.connection_id
        )
        return int(found)

    def refusals(self) -> list[str]:
        """The reasons that the organization's trail has."""
        rows = self.world.sql(
            "SELECT reason FROM audit_row WHERE action = 'session.refused' AND "
            "organization_id = %s ORDER BY id",
            self.organization_id,
        )
        return [reason for (reason,) in rows]


def code_in(back: Answer) -> str:
    """The code with which a browser ends at the application."""
    assert back.status == 303, back.content
    assert back.headers["Location"].startswith(APP)
    return dict(parse_qsl(urlsplit(back.headers["Location"]).query))["code"]


def connected(world: World, owner: Visitor, **facts: Any) -> Corporation:
    """Let somebody who is signed in have an organization with a connection and a domain."""
    corp = Corporation(world, founded(world, owner).id)
    uris = json.dumps([APP])
    world.sql(_CONNECTION, corp.connection_id, corp.organization_id, corp.slug, uris)
    told = {
        "entity_id": corp.entity_id,
        "sso_url": "https://idp.example/sso",
        "slo_url": "https://idp.example/slo",
        "certificates": [corp.key.certificate],
        **facts,
    }
    told["certificates"] = json.dumps(told["certificates"])
    world.sql(_SETTINGS, corp.connection_id, *told.values())
    world.sql(DOMAIN, uuid7(), corp.organization_id, corp.domain, uuid4().hex)
    corp.entity_id = told["entity_id"]
    return corp
