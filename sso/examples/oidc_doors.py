"""The doors of OpenID connections as the OpenAPI document shows them."""

from __future__ import annotations

from plinto.kernel.examples import Operation, Subject

_PAGE = "<!doctype html><title>You are not signed in · Plinto</title>…"
_OTHERS = dict.fromkeys((400, 403, 404, 429, 503), _PAGE)

SUBJECT = Subject(
    name="OpenID Connect doors",
    description="Where browsers and OpenID Connect providers of organizations come to. A browser "
    "is sent to the login door of a connection and ends at `redirect_uri` with a code to exchange; "
    "what is refused on the way is a plain page.",
    parameters={
        "slug": "engines-okta",
        "redirect_uri": "https://app.example.com/signed-in",
        "prompt": "login",
        "state": "pls_Bn2Mq4We6Rt8Yu0Io1Pa3Sd5Fg7Hj9Kl2Zx4Cv6Bn8M",
        "code": "SplxlOBeZQQYbYS6WxSbIA",
        "error": "access_denied",
        "iss": "https://engines.okta.example",
    },
    operations={
        "begin_oidc": Operation(
            summary="Begin to sign in by an OpenID connection",
            description="Send the browser here. With `prompt=login` the person has to prove "
            "themselves anew at the provider.",
            others=_OTHERS,
        ),
        "return_from_oidc": Operation(
            summary="Come back from an OpenID provider",
            description="The provider sends the browser here. Once, and only the browser that "
            "began; the provider is asked who came within eight seconds.",
            others=_OTHERS,
        ),
        "return_from_oidc_logout": Operation(
            summary="Come back from signing out at an OpenID provider",
            description="The provider sends the browser here after RP-initiated logout. It goes on "
            "to the `redirect_uri` that was wanted, or sees a page that says it is signed out.",
            answer="<!doctype html><title>Signed out · Plinto</title>…",
            others=_OTHERS,
        ),
        "post_oidc_logout": Operation(
            summary="Be signed out by an OpenID provider",
            description="OpenID Connect Back-Channel Logout 1.0: the sessions that a logout token "
            "names end at once. A token counts once.",
            body={"logout_token": "eyJhbGciOiJSUzI1NiIsInR5cCI6ImxvZ291dCtqd3QiLCJraWQiOiIx…"},
            others={
                400: {"error": "invalid_request"},
                404: {"error": "invalid_request"},
                503: {"error": "temporarily_unavailable"},
            },
        ),
    },
)
