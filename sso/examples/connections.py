"""Connections as the OpenAPI document shows them."""

from __future__ import annotations

from accounts.examples.organizations import IN_AN_ORGANIZATION, ORGANIZATION_ID
from accounts.examples.values import EARLIER, LATER, NOW, page
from accounts.organization_errors import SlugTaken
from plinto.kernel.examples import Operation, Subject
from plinto.kernel.exceptions import ConflictError
from sso.errors import LastConnection

_SLUG = "engines"
_IDP = "https://idp.example.com"
_HERE = "https://id.example.com/sso"
# Of nobody: a certificate of the example's own, whose private key was thrown away.
CERTIFICATE = (
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBIzCByaADAgECAgEBMAoGCCqGSM49BAMCMBoxGDAWBgNVBAMMD2lkcC5leGFt\n"
    "cGxlLmNvbTAgFw0yNjAxMDEwMDAwMDBaGA8yMTI2MDEwMTAwMDAwMFowGjEYMBYG\n"
    "A1UEAwwPaWRwLmV4YW1wbGUuY29tMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n"
    "l1Qv0BDWldecSknmLWRe5LgrNWOEuUT4eZj1B5TjM9xne/Qo6On2YpCiCuDwSsA9\n"
    "gX+pkSdPL5kWEd6EBbAKNDAKBggqhkjOPQQDAgNJADBGAiEArZtYEvIKm/a0VXEG\n"
    "QBVhXsTz9pPZ1ZNsGnjR2ZzkEHUCIQCUFB3pkW3BOk+36vRkyGNaW4pPegGqnYM6\n"
    "/7JAloDXVg==\n"
    "-----END CERTIFICATE-----\n"
)
METADATA = (
    '<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata"'
    f' entityID="{_IDP}/saml">'
    "<IDPSSODescriptor"
    ' protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">'
    '<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#">'
    f"<X509Data><X509Certificate>{''.join(CERTIFICATE.splitlines()[1:-1])}</X509Certificate>"
    "</X509Data></KeyInfo></KeyDescriptor>"
    '<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"'
    f' Location="{_IDP}/saml/post"/>'
    "</IDPSSODescriptor></EntityDescriptor>"
)
_COMMON = {
    "id": "01a20660-5a1c-7d3e-9f42-6b8e1c0d7a25",
    "slug": _SLUG,
    "name": "Staff of Analytical Engines",
    "preset": "okta",
    "enabled": True,
    "redirect_uris": ["https://app.example.com/signed-in"],
    "attributes": {"groups": ["memberOf"]},
    "creates_accounts": True,
    "default_role": "viewer",
    "max_age": None,
    "clock_skew": 60,
    "created_at": EARLIER,
    "updated_at": EARLIER,
    "last_used_at": None,
    "metadata": {"fetched_at": None, "failing_since": None, "last_error": ""},
}
_SAML = {
    **_COMMON,
    "entity_id": f"{_IDP}/saml",
    "sso_url": f"{_IDP}/saml/sso",
    "sso_binding": "redirect",
    "slo_url": "",
    "slo_binding": "redirect",
    "certificates": [
        {
            "subject": "CN=idp.example.com",
            "not_before": EARLIER,
            "expires_at": LATER,
            "sha256_fingerprint": "5B:1C:0A:9E",
        }
    ],
    "expires_at": LATER,
    "metadata_url": "",
    "metadata_valid_until": None,
    "has_metadata_signer": False,
    "subject_attribute": "",
    "allows_unsolicited": False,
    "wants_encrypted": False,
    "service_provider": {
        "entity_id": f"{_HERE}/saml/{_SLUG}/metadata",
        "acs_url": f"{_HERE}/saml/{_SLUG}/acs",
        "sls_url": f"{_HERE}/saml/{_SLUG}/sls",
        "metadata_url": f"{_HERE}/saml/{_SLUG}/metadata",
        "login_url": f"{_HERE}/saml/{_SLUG}/login",
    },
}
_OIDC = {
    **_COMMON,
    "issuer": _IDP,
    "client_id": "plinto",
    "scope": "openid email profile",
    "relying_party": {
        "callback_url": f"{_HERE}/oidc/{_SLUG}/callback",
        "backchannel_logout_url": f"{_HERE}/oidc/{_SLUG}/backchannel-logout",
        "initiate_login_uri": f"{_HERE}/oidc/{_SLUG}/login",
    },
}
_ASKED = ("name", "slug", "preset", "redirect_uris", "attributes", "default_role")
MADE = {name: _COMMON[name] for name in _ASKED}
_TAKEN = (
    SlugTaken("Another connection has this slug."),
    ConflictError("There are 20 connections already."),
)

SUBJECT = Subject(
    name="Connections",
    description="Identity providers of an organization, by which its people come in. For members "
    "who hold `sso:read` or `sso:write`; changing one asks for a proof within ten minutes.",
    parameters={"organization_id": ORGANIZATION_ID, "slug": _SLUG},
    refusals=IN_AN_ORGANIZATION,
    operations={
        "list_saml_connections": Operation(summary="List the SAML connections", answer=page(_SAML)),
        "create_saml_connection": Operation(
            summary="Make a SAML connection",
            body={
                **MADE,
                "entity_id": _SAML["entity_id"],
                "sso_url": _SAML["sso_url"],
                "certificates": [CERTIFICATE],
            },
            answer=_SAML,
            refusals=_TAKEN,
        ),
        "get_saml_connection": Operation(summary="Show a SAML connection", answer=_SAML),
        "update_saml_connection": Operation(
            summary="Change a SAML connection",
            body={"enabled": False},
            answer={**_SAML, "enabled": False, "updated_at": NOW},
            refusals=(LastConnection(),),
        ),
        "delete_saml_connection": Operation(
            summary="Delete a SAML connection", refusals=(LastConnection(),)
        ),
        "renew_saml_metadata": Operation(
            summary="Renew a SAML provider's metadata",
            body={"metadata_xml": METADATA},
            answer={**_SAML, "sso_url": f"{_IDP}/saml/post", "sso_binding": "post"},
        ),
        "list_oidc_connections": Operation(
            summary="List the OpenID Connect connections", answer=page(_OIDC)
        ),
        "create_oidc_connection": Operation(
            summary="Make an OpenID Connect connection",
            body={
                **MADE,
                "issuer": _IDP,
                "client_id": "plinto",
                "client_secret": "what-the-provider-gave",
            },
            answer=_OIDC,
            refusals=_TAKEN,
        ),
        "get_oidc_connection": Operation(summary="Show an OpenID Connect connection", answer=_OIDC),
        "update_oidc_connection": Operation(
            summary="Change an OpenID Connect connection",
            body={"client_secret": "what-the-provider-gave-next"},
            answer={**_OIDC, "updated_at": NOW},
            refusals=(LastConnection(),),
        ),
        "delete_oidc_connection": Operation(
            summary="Delete an OpenID Connect connection", refusals=(LastConnection(),)
        ),
    },
)
