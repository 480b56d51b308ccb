"""Second factors as the OpenAPI document shows them."""

from __future__ import annotations

from accounts.errors import InvalidCode, TooManyAttempts
from accounts.examples.passkeys import PASSKEY
from accounts.examples.values import CODE, EARLIER, NOW, RECOVERY_CODES
from plinto.kernel.examples import Operation, Subject
from plinto.kernel.exceptions import ConflictError, RateLimitError

_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # noqa: S105 - shown to everybody

SUBJECT = Subject(
    name="Second factors",
    description="Authenticator apps (RFC 6238) and recovery codes.",
    operations={
        "get_factors": Operation(
            summary="See your second factors",
            answer={
                "methods": ["totp", "passkey", "recovery_code"],
                "totp": {"confirmed": True, "created_at": EARLIER, "last_used_at": NOW},
                "passkeys": [PASSKEY],
                "recovery_codes_left": 9,
            },
        ),
        "begin_totp": Operation(
            summary="Begin to add an authenticator app",
            description="The app counts when it is confirmed by a code that it shows.",
            answer={
                "secret": _SECRET,
                "otpauth_uri": f"otpauth://totp/Plinto:ada%40example.com?secret={_SECRET}"
                "&issuer=Plinto",
                "qr_svg": '<svg xmlns="http://www.w3.org/2000/svg" width="196" height="196">…'
                "</svg>",
            },
            refusals=(ConflictError("You have an authenticator app. Remove it first."),),
        ),
        "confirm_totp": Operation(
            summary="Confirm an authenticator app",
            description="With your first factor come ten recovery codes, shown this once.",
            body={"code": CODE},
            answer={"recovery_codes": RECOVERY_CODES},
            refusals=(
                InvalidCode(),
                ConflictError("Ask for a secret first."),
                RateLimitError(),
                TooManyAttempts(retry_after=900, is_new=False, reason=""),
            ),
        ),
        "remove_totp": Operation(summary="Remove your authenticator app"),
        "renew_recovery_codes": Operation(
            summary="Get ten new recovery codes",
            description="Shown this once; the old ones work no more.",
            answer={"recovery_codes": RECOVERY_CODES},
            refusals=(ConflictError("Add an authenticator app or a passkey first."),),
        ),
    },
)
