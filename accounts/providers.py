"""
The identity providers of a deployment, read from its environment.

``SOCIAL_PROVIDERS`` names them. Google, Microsoft, Apple and GitHub are known by name; any other
name is an OpenID Connect provider, of which ``SOCIAL_<NAME>_ISSUER`` says which.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.core.exceptions import ImproperlyConfigured

from plinto.kernel.environment import Environment

_NAME = re.compile(r"[a-z][a-z0-9]{0,29}\Z")
# A tenant of its own: under "common" the issuer differs from person to person.
_TENANT = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
APPLE = "https://appleid.apple.com"
MICROSOFT = "https://login.microsoftonline.com"


class Kind(StrEnum):
    """What a provider speaks."""

    OIDC = "oidc"
    GITHUB = "github"


class Vouching(StrEnum):
    """By which claim a provider says that an address is its person's."""

    STANDARD = "standard"  # email_verified, OpenID Connect Core, section 5.1
    APPLE = "apple"  # the same, also as a string
    MICROSOFT = "microsoft"  # xms_edov: the address is of a domain that its tenant has proved


@dataclass(frozen=True, slots=True, kw_only=True)
class AppleKey:
    """The key that signs Apple's client secrets."""

    team_id: str
    key_id: str
    pem: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One provider; ``issuer`` is its address, and of OpenID Connect exactly its issuer."""

    name: str
    title: str
    issuer: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    kind: Kind = Kind.OIDC
    scope: str = "openid email profile"
    vouching: Vouching = Vouching.STANDARD
    apple_key: AppleKey | None = None

    @property
    def posts_back(self) -> bool:
        """Whether answers come as a form: Apple's do whenever an address is asked for."""
        return self.apple_key is not None


def configured(environment: Environment) -> dict[str, Provider]:
    """
    Read all providers.

    :raises ImproperlyConfigured: naming the variable that is missing or makes no sense
    """
    found = {}
    for name in environment.words("SOCIAL_PROVIDERS"):
        if not _NAME.match(name) or name in found:
            raise ImproperlyConfigured(
                "SOCIAL_PROVIDERS must list different names of small letters and digits."
            )
        read = {"apple": _apple, "microsoft": _microsoft, "github": _github, "google": _google}
        found[name] = read.get(name, _generic)(_Variables(environment, name))
    return found


def redirect_uris(environment: Environment, *, wanted: bool) -> list[str]:
    """
    Read where browsers may come back to.

    :raises ImproperlyConfigured: they are ``wanted`` and there are none, or one is no address
    """
    found = environment.words("SOCIAL_REDIRECT_URIS")
    if wanted and not found:
        raise ImproperlyConfigured("SOCIAL_REDIRECT_URIS must say where browsers come back to.")
    for each in found:
        parts = urlsplit(each)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.fragment:
            raise ImproperlyConfigured("SOCIAL_REDIRECT_URIS must list http or https addresses.")
    return found


class _Variables:
    """The variables of one provider."""

    def __init__(self, environment: Environment, name: str) -> None:
        self._environment, self.name = environment, name

    def text(self, word: str, default: str = "") -> str:
        return self._environment.text(f"SOCIAL_{self.name.upper()}_{word}", default)

    def wanted(self, word: str) -> str:
        return self.text(word) or self.refuse(word, "must be set")

    def address(self, word: str, default: str = "") -> str:
        given = self.text(word, default) or self.wanted(word)
        parts = urlsplit(given)
        is_plain = not (parts.query or parts.fragment or "@" in parts.netloc)
        if parts.scheme not in {"http", "https"} or not parts.hostname or not is_plain:
            self.refuse(word, "must be an http or https address")
        return given

    def refuse(self, word: str, what: str) -> str:
        raise ImproperlyConfigured(f"SOCIAL_{self.name.upper()}_{word} {what}.")


def _google(given: _Variables) -> Provider:
    return _oidc(given, title="Google", issuer="https://accounts.google.com")


def _microsoft(given: _Variables) -> Provider:
    tenant = given.wanted("TENANT").lower()
    if not _TENANT.match(tenant):
        given.refuse("TENANT", "must be the id of a tenant, not a name such as common")
    return _oidc(
        given,
        title="Microsoft",
        issuer=f"{MICROSOFT}/{tenant}/v2.0",
        vouching=Vouching.MICROSOFT,
    )


def _generic(given: _Variables) -> Provider:
    return _oidc(given, title=given.name.capitalize(), issuer=given.address("ISSUER"))


def _oidc(
    given: _Variables, *, title: str, issuer: str, vouching: Vouching = Vouching.STANDARD
) -> Provider:
    return Provider(
        name=given.name,
        title=given.text("TITLE", title),
        issuer=issuer,
        client_id=given.wanted("CLIENT_ID"),
        client_secret=given.wanted("CLIENT_SECRET"),
        vouching=vouching,
    )


def _apple(given: _Variables) -> Provider:
    # Environment files hold one line, so its breaks may be written as \n.
    pem = given.wanted("PRIVATE_KEY").replace("\\n", "\n")
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
        given.refuse("PRIVATE_KEY", "must be the key that Apple gave you, in PEM")
    return Provider(
        name=given.name,
        title=given.text("TITLE", "Apple"),
        issuer=APPLE,
        client_id=given.wanted("CLIENT_ID"),
        scope="openid email",
        vouching=Vouching.APPLE,
        apple_key=AppleKey(team_id=given.wanted("TEAM_ID"), key_id=given.wanted("KEY_ID"), pem=pem),
    )


def _github(given: _Variables) -> Provider:
    return Provider(
        name=given.name,
        title=given.text("TITLE", "GitHub"),
        issuer=given.address("URL", "https://github.com").rstrip("/"),
        client_id=given.wanted("CLIENT_ID"),
        client_secret=given.wanted("CLIENT_SECRET"),
        kind=Kind.GITHUB,
        scope="read:user user:email",
    )
