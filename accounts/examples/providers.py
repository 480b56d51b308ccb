"""Sign-in at identity providers as the OpenAPI document shows it."""

from __future__ import annotations

from accounts.errors import InvalidCode, SessionEnded
from accounts.examples.federation import SSO_REQUIRED
from accounts.examples.values import EARLIER, EMAIL, ENTERED, NOW, page
from accounts.social_errors import IdentityNeedsProof, LastWayIn, ProviderUnavailable
from plinto.kernel.examples import Operation, Several, Subject
from plinto.kernel.exceptions import ConflictError, TokenError

_LINK_TOKEN = "pll_Ty6Ui8Op0As2Df4Gh6Jk8Lz1Xc3Vb5Nm7Qw9Er1Ty3U"  # noqa: S105 - shown to all
_IDENTITY_ID = "01a2064d-1c77-7b52-8e0d-9a4b6c3f5e21"
_IDENTITY = {
    "id": _IDENTITY_ID,
    "provider": "google",
    "connection": None,
    "email": EMAIL,
    "created_at": EARLIER,
    "last_used_at": NOW,
}
_LOST = "<!doctype html><title>Sign-in was interrupted</title>…"

SUBJECT = Subject(
    name="Identity providers",
    description="Sign-in at Google, Microsoft, Apple, GitHub or any OpenID Connect provider that "
    "this deployment knows, and a person's identities there.",
    parameters={
        "provider": "google",
        "identity_id": _IDENTITY_ID,
        "state": "pls_Bn2Mq4We6Rt8Yu0Io1Pa3Sd5Fg7Hj9Kl2Zx4Cv6Bn8M",
        "code": "4/0AVMBsJhXq",
    },
    operations={
        "list_providers": Operation(
            summary="List the providers to sign in at",
            answer=page({"name": "google", "title": "Google"}),
        ),
        "start_social": Operation(
            summary="Begin a sign-in at a provider",
            body={"redirect_uri": "https://app.example.com/signed-in"},
            answer={
                "authorization_url": "https://accounts.google.com/o/oauth2/v2/auth"
                "?client_id=1234&response_type=code&state=pls_Bn2Mq4We6Rt8"
            },
            refusals=(TokenError(), SessionEnded(), ProviderUnavailable()),
            security=[{}, {"access_token": []}],
        ),
        "return_from_provider": Operation(
            summary="Come back from a provider",
            description="The browser comes here by itself, and is sent on to `redirect_uri`.",
            others={400: _LOST},
        ),
        "post_from_provider": Operation(
            summary="Come back from a provider that posts a form",
            description="As Apple does. The browser is sent on to the same address as a GET.",
            body={
                "state": "pls_Bn2Mq4We6Rt8Yu0Io1Pa3Sd5Fg7Hj9Kl2Zx4Cv6Bn8M",
                "code": "c1a2b3.0.abcd",
            },
        ),
        "exchange_code": Operation(
            summary="Trade the code of `redirect_uri` for tokens",
            description="Once, within a minute, by the browser that began.",
            body={"code": "plo_Nm5Qw7Er9Ty2Ui4Op6As8Df0Gh1Jk3Lz5Xc7Vb9Nm2Q"},
            answer=Several(ENTERED),
            refusals=(
                InvalidCode(),
                SSO_REQUIRED,
                IdentityNeedsProof(link_token=_LINK_TOKEN, provider="google", expires_in=600),
            ),
        ),
        "list_identities": Operation(summary="List your identities", answer=page(_IDENTITY)),
        "confirm_identity": Operation(
            summary="Link an identity whose address your account has",
            description="With the `link_token` of `IDENTITY_NEEDS_PROOF`.",
            body={"link_token": _LINK_TOKEN},
            answer={**_IDENTITY, "last_used_at": None},
            refusals=(
                InvalidCode(),
                ConflictError("This identity is linked to an account already."),
            ),
        ),
        "unlink_identity": Operation(summary="Unlink an identity", refusals=(LastWayIn(),)),
    },
)
