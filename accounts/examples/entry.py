"""Sign-up and sign-in as the OpenAPI document shows them."""

from __future__ import annotations

from accounts.errors import InvalidCode, InvalidCredentials, TooManyAttempts
from accounts.examples import passkeys
from accounts.examples.federation import SSO_REQUIRED
from accounts.examples.values import (
    CODE,
    EMAIL,
    ENTERED,
    FACTOR_WANTED,
    NEW_PASSWORD,
    PASSWORD,
    SIGNED_IN,
)
from plinto.kernel.examples import Operation, Several, Subject
from plinto.kernel.exceptions import ConflictError, RateLimitError

_GUESSED = (RateLimitError(), TooManyAttempts(retry_after=900, is_new=False, reason=""))
_SENT = {"status": "sent"}

SUBJECT = Subject(
    name="Sign-up and sign-in",
    description="Ways in. All of them end in tokens, or in `mfa_required` for whoever has a "
    "second factor. No answer tells whether an address has an account.",
    operations={
        "register": Operation(
            summary="Register",
            description="Mails a link and a code. There is no account until one of them is used; "
            "the answer is the same for an address that has one.",
            body={"email": EMAIL, "password": PASSWORD, "name": "Ada Lovelace"},
            answer={
                "status": "verification_sent",
                "registration": "plg_4mVt9KcQz2HsXw7ReJ0uYb6NdLf8PgAo3TiBk5CqMxE",
            },
        ),
        "verify_email": Operation(
            summary="Prove a mailbox",
            description="With `token` from the link, or with `email` and `code`. Who also sends "
            "`registration`, or the `password` they chose, is signed in; for anybody else the "
            "address is proved and a link to set a password is mailed.",
            body=Several(
                {
                    "by code": {
                        "email": EMAIL,
                        "code": CODE,
                        "registration": "plg_4mVt9KcQz2HsXw7ReJ0uYb6NdLf8PgAo3TiBk5CqMxE",
                    },
                    "by link": {
                        "token": "plv_9sDf3GhJk5LzXc7VbNm1QwErTy2UiOp4AaSs6DdFfGg",
                        "password": PASSWORD,
                    },
                }
            ),
            answer=Several({**ENTERED, "proved": {"status": "verified"}}),
            refusals=(InvalidCode(), SSO_REQUIRED, *_GUESSED),
        ),
        "resend_verification": Operation(
            summary="Mail the link and the code again",
            body={"email": EMAIL},
            answer=_SENT,
        ),
        "login": Operation(
            summary="Sign in with a password",
            body={"email": EMAIL, "password": PASSWORD},
            answer=Several(ENTERED),
            refusals=(InvalidCredentials(), SSO_REQUIRED, *_GUESSED),
        ),
        "login_mfa": Operation(
            summary="Take the second step",
            description="Trades `mfa_token` and one of `code`, `recovery_code` and `passkey` for "
            "the session.",
            body=Several(
                {
                    "with an app": {"mfa_token": FACTOR_WANTED["mfa_token"], "code": CODE},
                    "with a recovery code": {
                        "mfa_token": FACTOR_WANTED["mfa_token"],
                        "recovery_code": "nasdur-zvspyj-2vgtz9-p3x75d",
                    },
                    "with a passkey": {
                        "mfa_token": FACTOR_WANTED["mfa_token"],
                        "passkey": passkeys.ASSERTION,
                    },
                }
            ),
            answer=SIGNED_IN,
            refusals=(InvalidCode(), SSO_REQUIRED, *_GUESSED),
        ),
        "login_passkey_options": Operation(
            summary="Ask for a challenge to sign in with a passkey",
            description="For `navigator.credentials.get()`. With `mfa_token`, for the second step "
            "of that sign-in.",
            body=Several({"to sign in": {}, "second step": {"mfa_token": "plm_h5Yq0uWcV2nRk7Tj"}}),
            answer=passkeys.REQUEST_OPTIONS,
            refusals=(InvalidCode(),),
        ),
        "login_passkey": Operation(
            summary="Sign in with a passkey",
            description="A passkey is two factors at once; nothing more is asked.",
            body={"passkey": passkeys.ASSERTION},
            answer=SIGNED_IN,
            refusals=(InvalidCode(), SSO_REQUIRED, *_GUESSED),
        ),
        "request_magic_link": Operation(
            summary="Mail a link that signs in",
            body={"email": EMAIL},
            answer=_SENT,
        ),
        "verify_magic_link": Operation(
            summary="Sign in by a mailed link",
            description="`token` stands behind the # of the link, and works once within ten "
            "minutes. The other links that were mailed to this person die with it.",
            body={"token": "pll_Xa2Sd4Fg6Hj8Kl0Zc1Vb3Nm5Qw7Er9Ty2Ui4Op6AsDf8"},
            answer=Several(ENTERED),
            refusals=(InvalidCode(), SSO_REQUIRED),
        ),
        "request_password_reset": Operation(
            summary="Mail a link to choose a new password",
            body={"email": EMAIL},
            answer=_SENT,
        ),
        "confirm_password_reset": Operation(
            summary="Choose a new password by a mailed link",
            description="Ends every session of the person.",
            body={
                "token": "plp_Qm1We3Rt5Yu7Io9Pa2Sd4Fg6Hj8Kl0Zx1Cv3Bn5Mq7Ew",
                "password": NEW_PASSWORD,
            },
            refusals=(InvalidCode(),),
        ),
        "undo_email_change": Operation(
            summary="Give an account its former address back",
            description="By the link that the former address was sent. Ends every session, drops "
            "the password and mails a link to choose another.",
            body={"token": "plu_Lk9Jh7Gf5Ds3Ap1Oi8Uy6Tr4Ew2Qm0Nb9Vc7Xz5Lk3J"},
            refusals=(InvalidCode(), ConflictError("There is an account under this address.")),
        ),
    },
)
