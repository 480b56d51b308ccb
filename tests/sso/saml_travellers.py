"""People who come by a SAML connection, and the provider that vouches for them, honestly or not."""

from __future__ import annotations

import base64
import secrets
import zlib
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.http import HttpResponse
from django.utils import timezone
from lxml import etree

from accounts.models import OrganizationDomain, Session
from audit.models import AuditRow
from plinto.kernel.ids import uuid7
from sso.facts import ServiceProvider
from sso.models import Connection, SAMLSettings
from sso.services import service_keys
from tests.accounts.organizations import Club
from tests.api import Api
from tests.sso.attacks.signing import Told, form, good, key_of

APP = "http://app.example/signed-in?from=plinto"
EXCHANGE = "/api/v1/auth/sso/exchange"
ROOT = "http://localhost:8000"
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Asked:
    """What a browser brings to the provider."""

    request_id: str
    relay_state: str
    document: etree._Element


def made_connection(
    club: Club,
    *,
    entity_id: str,
    sso_url: str,
    certificates: list[str],
    saml: dict[str, Any] | None = None,
    **fields: Any,
) -> Connection:
    """Write the rows of a connection that is on."""
    now = timezone.now()
    told = {"name": "Corporate sign-in", "redirect_uris": [APP], **fields}
    made = Connection.objects.create(
        organization_id=club.id,
        slug=f"saml-{uuid7().hex[-12:]}",
        protocol="saml",
        created_at=now,
        updated_at=now,
        **told,
    )
    SAMLSettings.objects.create(
        connection=made,
        entity_id=entity_id,
        sso_url=sso_url,
        certificates=certificates,
        **(saml or {}),
    )
    return made


def prove(club: Club, domain: str) -> str:
    """Let an organization have proved a domain."""
    now = timezone.now()
    OrganizationDomain.objects.create(
        organization_id=club.id, name=domain, token=uuid7().hex, created_at=now, verified_at=now
    )
    return domain


class Corporation:
    """An organization, its connection, and its identity provider."""

    def __init__(self, club: Club, *, name: str = "idp", **fields: Any) -> None:
        self.club, self.key = club, key_of(name)
        self.entity_id = f"https://{name}.example/metadata"
        self.domain = prove(club, f"corp-{uuid7().hex[-12:]}.example")
        saml = {"slo_url": f"https://{name}.example/slo", **fields.pop("saml", {})}
        self.connection = made_connection(
            club,
            entity_id=self.entity_id,
            sso_url=f"https://{name}.example/sso",
            certificates=[self.key.certificate],
            saml=saml,
            **fields,
        )
        self.path = f"/sso/saml/{self.connection.slug}"

    @property
    def service(self) -> ServiceProvider:
        """Plinto as the provider knows it."""
        base = f"{ROOT}{self.path}"
        keys = service_keys.ring.pairs(timezone.now())
        return ServiceProvider(f"{base}/metadata", f"{base}/acs", f"{base}/sls", keys)

    def set(self, **columns: Any) -> None:
        """Change columns of the settings."""
        SAMLSettings.objects.filter(connection=self.connection).update(**columns)

    def login(self, api: Api, **query: str) -> HttpResponse:
        return api.get(f"{self.path}/login?{urlencode(query)}")

    def asked(self, api: Api, **query: str) -> Asked:
        """Begin, and read what the provider is asked."""
        answer = self.login(api, **query)
        assert answer.status_code == 303, answer.content
        return read(answer["Location"])

    def told(self, asked: Asked | None, name: str = "ada", **changes: Any) -> Told:
        """What an honest provider says of somebody."""
        address = f"{name}@{self.domain}"
        honest = Told(
            sp=self.service,
            issuer=self.entity_id,
            request_id=asked.request_id if asked else None,
            now=timezone.now(),
            name_id=address,
            attributes=(("mail", (address,)), ("displayName", (name.capitalize(),))),
            response_id=f"_{secrets.token_hex(16)}",
            assertion_id=f"_{secrets.token_hex(16)}",
        )
        return honest.but(**changes)

    def answer(self, asked: Asked | None, name: str = "ada", **changes: Any) -> str:
        """The form value of an honest answer."""
        return form(good(self.told(asked, name, **changes), self.key))

    def post(self, _api: Api, value: str, relay_state: str = "", **options: Any) -> HttpResponse:
        """Let the provider's page post a form, which brings no cookie of ours."""
        form = {"SAMLResponse": value, "RelayState": relay_state}
        return post(f"{self.path}/acs", form, **options)

    def come_back(self, api: Api, asked: Asked, name: str = "ada", **changes: Any) -> HttpResponse:
        """Answer, follow the redirect to our own origin, and return what the browser is told."""
        posted = self.post(api, self.answer(asked, name, **changes), asked.relay_state)
        assert posted.status_code == 303, posted.content
        return follow(api, posted)

    def arrived(self, api: Api, name: str = "ada", **changes: Any) -> str:
        """Go there and back, and return the code."""
        back = self.come_back(api, self.asked(api), name, **changes)
        return code_in(back)

    def signed_in(self, api: Api, name: str = "ada", **changes: Any) -> dict[str, Any]:
        """Sign in to the end, and return the tokens."""
        answer = api.post(EXCHANGE, {"code": self.arrived(api, name, **changes)})
        assert answer.status_code == 200, answer.content
        return answer.json()

    def refusals(self) -> list[str]:
        """The reasons that the organization's own trail has, oldest first."""
        rows = AuditRow.objects.filter(
            action="session.refused",
            organization_id=self.club.id,
            target_kind="connection",
            target_id=str(self.connection.pk),
        )
        return [row.reason for row in rows.order_by("pk")]

    def sessions(self) -> int:
        return Session.objects.filter(connection_id=self.connection.pk).count()


def post(path: str, form: dict[str, str], **options: Any) -> HttpResponse:
    """Post a form from a provider's site, which brings no cookie of ours."""
    return Api().post(path, urlencode(form), content_type=FORM, **options)


def code_in(back: HttpResponse) -> str:
    """The code with which a browser ends at the application."""
    assert back.status_code == 303, back.content
    assert back["Location"].startswith(APP)
    return dict(parse_qsl(urlsplit(back["Location"]).query))["code"]


def follow(api: Api, answer: HttpResponse) -> HttpResponse:
    """Go where our own origin sends the browser next."""
    assert answer["Location"].startswith(f"{ROOT}/"), answer["Location"]
    return api.get(answer["Location"].removeprefix(ROOT))


def read(location: str) -> Asked:
    """Read a request that is in an address."""
    query = dict(parse_qsl(urlsplit(location).query))
    packed = base64.b64decode(query["SAMLRequest"])
    document = etree.fromstring(zlib.decompress(packed, -zlib.MAX_WBITS))
    return Asked(document.get("ID"), query.get("RelayState", ""), document)
