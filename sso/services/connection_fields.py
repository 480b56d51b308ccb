"""What may be written of a connection, whoever writes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from accounts.rules import slugs
from plinto.kernel.exceptions import ValidationError
from resilience import http
from resilience.errors import OutboundRefusedError
from sso.services import certificates, saml_metadata

MOST_REDIRECTS = 20
LONGEST_REDIRECT, LONGEST_URL = 500, 2048
MOST_CERTIFICATES = 4
MOST_NAMES, LONGEST_NAME = 10, 255
LONGEST_METADATA = saml_metadata.LONGEST
# What a connection may be told the names of, as its provider calls them.
ATTRIBUTES = ("email", "name", "given_name", "family_name", "groups")
# What metadata say, and what somebody may write who has none.
BY_HAND = ("entity_id", "sso_url", "sso_binding", "slo_url", "slo_binding", "certificates")
_SOURCES = ("metadata_xml", "metadata_url")
_ONE_OF_THEM = "Send metadata_xml, or metadata_url, or what they would say."
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_REFUSED = {
    "userinfo or fragment": "Leave out user, password and fragment.",
    "scheme": "Use https.",
    "port": "Use the port 443.",
}


def judged(fields: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return what may be written, in the form in which it is kept.

    :raises ValidationError: with every field that is wrong
    """
    wanted, wrong = dict(fields), dict[str, list[str]]()
    for name, judge in _JUDGES.items():
        if wanted.get(name):
            try:
                wanted[name] = judge(wanted[name])
            except ValueError as refusal:
                wrong[name] = [str(refusal)]
    if wrong:
        raise ValidationError(fields=wrong)
    return wanted


def of_oidc(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return what a new OpenID Connect connection is made of.

    :raises ValidationError: with every field that is missing
    """
    _require(wanted, "issuer", "client_id", "client_secret")
    return dict(wanted)


def of_saml(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return what a new SAML connection is made of: metadata, where they are, or what they would say.

    :raises ValidationError: it is none of these or several, or something is missing
    """
    sources = [name for name in _SOURCES if wanted.get(name)]
    by_hand = [name for name in BY_HAND if wanted.get(name)]
    if len(sources) > 1 or (sources and by_hand):
        raise ValidationError(fields={name: [_ONE_OF_THEM] for name in (*sources, *by_hand)})
    if not sources:
        _require(wanted, "entity_id", "sso_url", "certificates")
    return dict(wanted)


def of_change(wanted: Mapping[str, Any], *, metadata_url: str) -> dict[str, Any]:
    """
    Return what is written of a SAML connection whose metadata are at ``metadata_url``, if any are.

    :raises ValidationError: a field would be overwritten by the metadata
    """
    by_hand = [name for name in BY_HAND if name in wanted]
    if metadata_url and by_hand:
        told = "The metadata at metadata_url say this; empty that to write it by hand."
        raise ValidationError(fields={name: [told] for name in by_hand})
    return dict(wanted)


def _require(wanted: Mapping[str, Any], *names: str) -> None:
    missing = {name: ["This field is required."] for name in names if not wanted.get(name)}
    if missing:
        raise ValidationError(fields=missing)


def _redirects(given: list[str]) -> list[str]:
    for each in given:
        _page(each)
        if len(each) > LONGEST_REDIRECT:
            raise ValueError(f"Use {LONGEST_REDIRECT} characters at most.")
    if len(given) > MOST_REDIRECTS:
        raise ValueError(f"List {MOST_REDIRECTS} at most.")
    return list(dict.fromkeys(given))


def _page(given: str) -> str:
    """Read an address that browsers are sent to: nothing that runs, nothing that is overheard."""
    try:
        parts = urlsplit(given)
        is_address = bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        is_address = False
    is_plain = given.isascii() and given.isprintable() and not set(given) & set(' \\"<>')
    if not (is_address and is_plain) or "@" in parts.netloc:
        raise ValueError("This is not an address.")
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise ValueError("Use https.")
    if "#" in given:
        raise ValueError("Leave out the fragment.")
    if len(given) > LONGEST_URL:
        raise ValueError(f"Use {LONGEST_URL} characters at most.")
    return given


def _asked(given: str) -> str:
    """Read an address that Plinto itself asks; where its name leads is judged at each exchange."""
    try:
        http.judge(given)
    except OutboundRefusedError as refusal:
        raise ValueError(_REFUSED.get(refusal.reason, "This is not an address.")) from refusal
    return given


def _issuer(given: str) -> str:
    # OpenID Connect Discovery 1.0, section 4.1: the path of discovery is appended to it.
    if urlsplit(_asked(given)).query:
        raise ValueError("Leave out the query.")
    return given


def _scope(given: str) -> str:
    words = given.split()
    if "openid" not in words:
        raise ValueError("The scope must contain openid.")
    return " ".join(dict.fromkeys(words))


def _line(given: str) -> str:
    """Read a name that is compared whole: what is not seen would make two of one."""
    if not given.isprintable() or given != given.strip():
        raise ValueError("Use printable characters on one line, without spaces around them.")
    return given


def _attributes(given: Mapping[str, list[str]]) -> dict[str, list[str]]:
    unknown = sorted(set(given) - set(ATTRIBUTES))
    if unknown:
        raise ValueError(f"Use {', '.join(ATTRIBUTES)} and nothing else.")
    for names in given.values():
        if len(names) > MOST_NAMES or not all(_is_name(each) for each in names):
            raise ValueError(f"Give {MOST_NAMES} names at most, each of one line.")
    return {name: list(dict.fromkeys(names)) for name, names in given.items() if names}


def _is_name(given: Any) -> bool:
    return isinstance(given, str) and 0 < len(given) <= LONGEST_NAME and given.isprintable()


def _certificates(given: list[str]) -> list[str]:
    if len(given) > MOST_CERTIFICATES:
        raise ValueError(f"Give {MOST_CERTIFICATES} at most.")
    return list(dict.fromkeys(certificates.read(each) for each in given))


_JUDGES: Mapping[str, Callable[[Any], Any]] = {
    "slug": slugs.canonical,
    "entity_id": _line,
    "client_id": _line,
    "subject_attribute": _line,
    "redirect_uris": _redirects,
    "attributes": _attributes,
    "sso_url": _page,
    "slo_url": _page,
    "certificates": _certificates,
    "metadata_url": _asked,
    "metadata_signer": certificates.read,
    "issuer": _issuer,
    "scope": _scope,
}
