"""Documents that attack whoever reads them: parsers, transforms, references, ciphers."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy

import xmlsec
from lxml import etree

from tests.sso.attacks.signing import (
    DS,
    XENC,
    KeyPair,
    Signer,
    Told,
    armoured,
    assertion_of,
    encrypt,
    every,
    good,
)

BOMB = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
XSLT = """<Transform xmlns="http://www.w3.org/2000/09/xmldsig#"
 Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116">
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
<xsl:template name="count"><xsl:param name="n"/><xsl:if test="$n > 0">
<xsl:call-template name="count"><xsl:with-param name="n" select="$n - 1"/></xsl:call-template>
<xsl:call-template name="count"><xsl:with-param name="n" select="$n - 1"/></xsl:call-template>
</xsl:if></xsl:template>
<xsl:template match="/"><xsl:call-template name="count"><xsl:with-param name="n" select="24"/>
</xsl:call-template></xsl:template></xsl:stylesheet></Transform>"""
XPATH = """<Transform xmlns="http://www.w3.org/2000/09/xmldsig#"
 Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><XPath
 xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">not(ancestor-or-self::saml:Subject)</XPath>
</Transform>"""
REFERENCE = """<Reference xmlns="http://www.w3.org/2000/09/xmldsig#" URI="file:///dev/zero">
<Transforms><Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/></Transforms>
<DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>
<DigestValue>AAAA</DigestValue></Reference>"""
RETRIEVAL = """<RetrievalMethod xmlns="http://www.w3.org/2000/09/xmldsig#"
 URI="file:///etc/hostname" Type="http://www.w3.org/2000/09/xmldsig#rawX509Certificate"/>"""


def with_head(xml: bytes, head: str, *, encoding: str = "utf-8") -> bytes:
    """Put a document type before a document."""
    return f"{head}{xml.decode()}".encode(encoding)


def changed(told: Told, key: KeyPair, local: str, change: Callable[..., None]) -> etree._Element:
    """Change the first element of that name in a response that was signed."""
    response = good(told, key)
    change(every(response, local)[0])
    return response


def with_transform(told: Told, key: KeyPair, transform: str, *, times: int = 1) -> etree._Element:
    """Add transforms to a signature that was made: they run before it is seen to be wrong."""

    def add(transforms: etree._Element) -> None:
        for _ in range(times):
            transforms.insert(0, etree.fromstring(transform))

    return changed(told, key, "Transforms", add)


def without_subject(told: Told, key: KeyPair, evil: str) -> etree._Element:
    """Sign all but the subject, then change it: the signature holds."""

    def shape(signature: etree._Element) -> None:
        every(signature, "Transforms")[0].insert(1, etree.fromstring(XPATH))

    response = told.tree()
    Signer(key, shape=shape).sign(assertion_of(response))
    every(response, "NameID")[0].text = evil
    return response


def without_subject_in_two(told: Told, key: KeyPair, evil: str) -> etree._Element:
    """The same in the two transforms that are allowed, the enveloped one said in XPath."""
    own = XPATH.replace("not(", "not(ancestor-or-self::ds:Signature or ").replace(
        "<XPath", f'<XPath xmlns:ds="{DS}"'
    )

    def shape(signature: etree._Element) -> None:
        enveloped = every(signature, "Transform")[0]
        enveloped.getparent().replace(enveloped, etree.fromstring(own))

    response = told.tree()
    Signer(key, shape=shape).sign(assertion_of(response))
    every(response, "NameID")[0].text = evil
    return response


def by_hmac(told: Told, key: KeyPair) -> etree._Element:
    """Sign symmetrically, by what everybody knows: the provider's certificate."""
    response = told.tree()
    assertion = assertion_of(response)
    signature = xmlsec.template.create(
        assertion, xmlsec.Transform.EXCL_C14N, xmlsec.Transform.HMAC_SHA256, ns="ds"
    )
    assertion[0].addnext(signature)
    reference = xmlsec.template.add_reference(
        signature, xmlsec.Transform.SHA256, uri=f"#{assertion.get('ID')}"
    )
    xmlsec.template.add_transform(reference, xmlsec.Transform.ENVELOPED)
    xmlsec.template.add_transform(reference, xmlsec.Transform.EXCL_C14N)
    xmlsec.tree.add_ids(response, ["ID"])
    context = xmlsec.SignatureContext()
    public = armoured(key.certificate, "CERTIFICATE")
    context.key = xmlsec.Key.from_binary_data(xmlsec.KeyData.HMAC, public)
    context.sign(signature)
    return response


def sealed(
    told: Told,
    key: KeyPair,
    certificate: str,
    *,
    signs: tuple[str, ...] = ("Assertion", "Response"),
    change: Callable[[etree._Element], None] | None = None,
    **cipher: object,
) -> etree._Element:
    """Encrypt to a certificate; ``change`` may alter the whole before the response is signed."""
    response = good(told, key, signs=("Assertion",) if "Assertion" in signs else ())
    encrypt(response, certificate, **cipher)
    if change:
        change(response)
    if "Response" in signs:
        Signer(key).sign(response)
    return response


def by_reference(response: etree._Element) -> None:
    """Let the cipher be read from a file."""
    for value in every(response, "CipherValue"):
        value.getparent().replace(
            value, etree.Element(f"{{{XENC}}}CipherReference", URI="file:///dev/zero")
        )


def by_retrieval(response: etree._Element) -> None:
    """Let the key of the cipher be read from elsewhere."""
    for key in every(response, "EncryptedKey"):
        key.getparent().replace(key, etree.fromstring(RETRIEVAL))


def commented(told: Told, key: KeyPair) -> bytes:
    """Cut a name in two by a comment, which canonical form leaves out: the signature holds."""
    honest = told.but(name_id="ada@corp.example.evil.example")
    xml = etree.tostring(good(honest, key))
    return xml.replace(b"ada@corp.example.evil", b"ada@corp.example<!-- -->.evil")


def twice(response: etree._Element) -> etree._Element:
    """Give a second element the identifier of the assertion."""
    copy = deepcopy(response)
    every(copy, "Status")[0].set("Id", assertion_of(copy).get("ID"))
    return copy
