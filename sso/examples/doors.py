"""The doors of SAML connections as the OpenAPI document shows them."""

from __future__ import annotations

from plinto.kernel.examples import Operation, Subject

_PAGE = "<!doctype html><title>You are not signed in · Plinto</title>…"
_FORM = "<!doctype html><title>To your identity provider · Plinto</title>…"
_OTHERS = dict.fromkeys((400, 403, 404, 429, 503), _PAGE)

SUBJECT = Subject(
    name="Single sign-on doors",
    description="Where browsers and SAML identity providers come to. A browser is sent to the "
    "login door of a connection and ends at `redirect_uri` with a code to exchange; what is "
    "refused on the way is a plain page.",
    parameters={
        "slug": "engines-okta",
        "redirect_uri": "https://app.example.com/signed-in",
        "prompt": "login",
        "handle": "plh_Bn2Mq4We6Rt8Yu0Io1Pa3Sd5Fg7Hj9Kl2Zx4Cv6Bn8M",
        "SAMLRequest": "fZFNT8MwDIb…",
        "SAMLResponse": "fZFNT8MwDIb…",
        "RelayState": "plx_Bn2Mq4We6Rt8Yu0Io1Pa3Sd5Fg7Hj9Kl2Zx4Cv6Bn8M",
        "SigAlg": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        "Signature": "Q2xhcmtl…",
        "out": "plx_Bn2Mq4We6Rt8Yu0Io1Pa3Sd5Fg7Hj9Kl2Zx4Cv6Bn8M",
    },
    operations={
        "get_saml_metadata": Operation(
            summary="Read what a SAML provider has to know of Plinto",
            description="Signed; has both keys while the service key is rotated.",
            answer='<md:EntityDescriptor entityID="https://id.example.com/sso/saml/…">…',
            others=_OTHERS,
        ),
        "begin_saml": Operation(
            summary="Begin to sign in by a SAML connection",
            description="Send the browser here. It goes to the provider with a signed request; a "
            "provider that wants its request posted is sent a page with a form (200).",
            answer=_FORM,
            others=_OTHERS,
        ),
        "post_saml_response": Operation(
            summary="Come back from a SAML provider",
            description="The provider's page posts here. The browser comes once more by GET, with "
            "its cookie, before it is believed.",
            body={
                "SAMLResponse": "PHNhbWxwOlJlc3BvbnNlIHhtbG5zOnNhbWxwPSJ1cm46b2FzaXM6…",
                "RelayState": "pls_Bn2Mq4We6Rt8Yu0Io1Pa3Sd5Fg7Hj9Kl2Zx4Cv6Bn8M",
            },
            others=_OTHERS,
        ),
        "return_from_saml": Operation(
            summary="Be believed",
            description="Where the post to this address sends the browser that began: now its "
            "cookie comes along.",
            others=_OTHERS,
        ),
        "get_saml_logout": Operation(
            summary="Be signed out by a SAML provider that redirects",
            description="The same by HTTP-Redirect, signed over the address; with `out` the form "
            "of a request that is posted to the provider.",
            answer="<!doctype html><title>Signed out · Plinto</title>…",
            others=_OTHERS,
        ),
        "post_saml_logout": Operation(
            summary="Be signed out by a SAML provider",
            description="A signed LogoutRequest ends the sessions that it names, at once; a signed "
            "LogoutResponse answers one of ours. Both may come by GET too.",
            body={"SAMLRequest": "PHNhbWxwOkxvZ291dFJlcXVlc3QgeG1sbnM6c2FtbHA9InVybjpv…"},
            answer=_FORM,
            others=_OTHERS,
        ),
        "sso_logout": Operation(
            summary="Sign out here and at the identity provider",
            description="The session ends at once. `logout_url` is null for whoever came by no "
            "connection, or by one whose provider cannot be told.",
            body={"redirect_uri": "https://app.example.com/signed-out"},
            answer={"logout_url": None},
        ),
    },
)
