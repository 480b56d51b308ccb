"""Metadata: what Plinto publishes, and what an identity provider says of itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from lxml import etree

from sso.facts import IdentityProvider
from sso.protocols.saml import certificates, documents, library, moments, precheck
from sso.protocols.saml.checks import Check, quoted, refused
from sso.protocols.saml.names import POST, REDIRECT, SAMLP, ds, md
from sso.protocols.saml.publishing import published

__all__ = ["Described", "published", "read"]

_BINDINGS = {REDIRECT: "redirect", POST: "post"}
_LONGEST_ENTITY_ID = 1024
_LONGEST_ADDRESS = 2048
_MOST_CERTIFICATES = 10


@dataclass(frozen=True, slots=True)
class Described:
    """
    What metadata say of one provider, and in ``findings`` what is amiss, in plain words.

    ``certificates_end_at`` is when the last of its certificates expires. ``valid_until`` may lie in
    the past: whether the provider is still to be trusted then is for the caller to say.
    """

    provider: IdentityProvider
    certificates_end_at: datetime
    valid_until: datetime | None
    is_signed: bool
    findings: tuple[str, ...]


def read(
    xml: bytes, *, signer: str | None, now: datetime, entity_id: str | None = None
) -> Described:
    """
    Read the metadata of an identity provider (SAML Metadata, section 2.4.3).

    ``signer`` is a certificate, base64 of DER; where it is given, they must be signed by its key,
    else a signature in them is not looked at. ``entity_id`` chooses a provider of several.

    :raises Refused: larger than 1 MB, malformed, not signed as wanted, or without what a sign-in
        needs: one provider, an address, and a certificate of a strong key
    """
    with library.foreign_errors(Check.METADATA):
        root = documents.parsed(xml, bounds=documents.DESCRIPTION)
        chosen = _chosen(root, entity_id=entity_id)
        if signer is not None:
            _verify(root, chosen, signer=signer)
        return _described(chosen, now=now, is_signed=signer is not None)


def _chosen(root: etree._Element, *, entity_id: str | None) -> etree._Element:
    """Return the one provider meant."""
    if root.tag not in {md("EntityDescriptor"), md("EntitiesDescriptor")}:
        raise refused(Check.METADATA, "not metadata of SAML 2.0")
    found = [
        entity
        for entity in root.iter(md("EntityDescriptor"))
        if entity.find(md("IDPSSODescriptor")) is not None
        and entity_id in {None, entity.get("entityID")}
    ]
    if not found:
        raise refused(
            Check.METADATA, "describes no identity provider, or not the one that is meant"
        )
    if len(found) > 1:
        raise refused(
            Check.METADATA, "describes several identity providers; choose one by its entityID"
        )
    return found[0]


def _verify(root: etree._Element, chosen: etree._Element, *, signer: str) -> None:
    """Require the signature of the whole, or of the provider's own part."""
    for element in (root, chosen):
        if precheck.signature_of(element) is None:
            continue
        path = f"//*[@ID='{element.get('ID')}']/ds:Signature"  # judged to be a name, and unique
        if not library.is_signed_by(root, path, certificates=[signer]):
            raise refused(Check.SIGNATURE, "metadata are not by the key that is set for them")
        return
    raise refused(Check.SIGNATURE, "metadata are not signed, although a key is set for them")


def _described(entity: etree._Element, *, now: datetime, is_signed: bool) -> Described:
    findings: list[str] = []
    role = _role(entity)
    usable = _certificates(role, findings=findings, now=now)
    sso_url, sso_binding = _endpoint(role, "SingleSignOnService", findings=findings)
    if not sso_url:
        raise refused(Check.METADATA, "has no sign-in address by HTTP-Redirect or HTTP-POST")
    logout = role.find(md("SingleLogoutService")) is not None
    slo_url, slo_binding = _endpoint(role, "SingleLogoutService", findings=findings)
    if logout and not slo_url:
        findings.append("Its sign-out address cannot be reached by a browser and is left out.")
    valid_until = _valid_until(entity, findings=findings, now=now)
    return Described(
        provider=IdentityProvider(
            entity_id=_entity_id(entity),
            sso_url=sso_url,
            sso_binding=sso_binding,
            certificates=tuple(usable),
            slo_url=slo_url,
            slo_binding=slo_binding or "redirect",
            slo_answer_url=_answer_url(role, slo_url),
        ),
        certificates_end_at=max(certificates.ends_at(certificate) for certificate in usable),
        valid_until=valid_until,
        is_signed=is_signed,
        findings=tuple(findings),
    )


def _role(entity: etree._Element) -> etree._Element:
    roles = [
        role
        for role in entity.findall(md("IDPSSODescriptor"))
        if SAMLP in role.get("protocolSupportEnumeration", "").split()
    ]
    if len(roles) != 1:
        raise refused(Check.METADATA, "not exactly one role of an identity provider of SAML 2.0")
    return roles[0]


def _entity_id(entity: etree._Element) -> str:
    entity_id = str(entity.get("entityID", ""))
    if not 0 < len(entity_id) <= _LONGEST_ENTITY_ID or not entity_id.isprintable():
        raise refused(Check.METADATA, "entityID is missing, too long or not printable")
    return entity_id


def _certificates(role: etree._Element, *, findings: list[str], now: datetime) -> list[str]:
    """Return the certificates for signing whose keys are strong, each once."""
    told = {
        "".join((node.text or "").split()): None
        for descriptor in role.findall(md("KeyDescriptor"))
        if descriptor.get("use", "signing") == "signing"
        for node in descriptor.iter(ds("X509Certificate"))
    }
    if len(told) > _MOST_CERTIFICATES:
        raise refused(Check.CERTIFICATE, "more than ten of them")
    usable = [certificate for certificate in told if _is_strong(certificate)]
    if not usable:
        raise refused(
            Check.CERTIFICATE, "none for signing with a key of RSA 2048 or EC 256 at least"
        )
    if len(usable) < len(told):
        findings.append(
            "A certificate is left out: it is unreadable, or its key is weaker than RSA 2048 or"
            " EC 256."
        )
    in_force, expired = certificates.live(usable, now=now)
    if not in_force:
        findings.append("All its certificates have expired; nothing it signs will be accepted.")
    elif expired:
        findings.append("One of its certificates has expired.")
    return usable


def _is_strong(certificate: str) -> bool:
    try:
        return certificates.is_strong(certificate)
    except ValueError:
        return False


def _endpoint(role: etree._Element, local: str, *, findings: list[str]) -> tuple[str, str]:
    """Return address and binding, HTTP-Redirect first; two empty strings when there is none."""
    told = {node.get("Binding"): node.get("Location", "") for node in role.findall(md(local))}
    for binding, word in _BINDINGS.items():
        if binding in told:
            address = _address(told[binding], what=local)
            if not address.startswith("https://"):
                findings.append(f"Its {local} is not protected by TLS.")
            return address, word
    return "", ""


def _answer_url(role: etree._Element, slo_url: str) -> str:
    for node in role.findall(md("SingleLogoutService")):
        if node.get("Location") == slo_url and node.get("ResponseLocation"):
            return _address(node.get("ResponseLocation", ""), what="ResponseLocation")
    return ""


def _address(value: str, *, what: str) -> str:
    """Accept an address of the web: a browser is sent there, and nothing is read from it."""
    parts = urlsplit(value)
    is_plain = value.isascii() and value.isprintable() and len(value) <= _LONGEST_ADDRESS
    if not is_plain or parts.scheme not in {"https", "http"} or not parts.hostname:
        raise refused(Check.METADATA, f"{what} {quoted(value)} is not an address of the web")
    if parts.username is not None or parts.fragment or " " in value:
        raise refused(Check.METADATA, f"{what} {quoted(value)} is not an address of the web")
    return value


def _valid_until(entity: etree._Element, *, findings: list[str], now: datetime) -> datetime | None:
    """Return the earliest end that the provider's part or what it stands in has."""
    holders = [entity, *entity.iterancestors()]
    ends = [
        end
        for holder in holders
        if (end := moments.told(holder, "validUntil", check=Check.METADATA)) is not None
    ]
    if not ends:
        return None
    if min(ends) <= now:
        findings.append(f"These metadata were valid until {min(ends):%Y-%m-%d} only.")
    return min(ends)
