"""The signed-in person as the OpenAPI document shows them."""

from __future__ import annotations

from accounts.errors import (
    InvalidCode,
    InvalidCredentials,
    LastAdministrator,
    TooManyAttempts,
)
from accounts.examples.values import (
    CODE,
    LATER,
    NEW_PASSWORD,
    NOW,
    PASSWORD,
    USER,
    USER_ID,
)
from plinto.kernel.examples import Operation, Subject
from plinto.kernel.exceptions import ConflictError, RateLimitError

_GUESSED = (RateLimitError(), TooManyAttempts(retry_after=900, is_new=False, reason=""))
_EXPORT_ID = "01a2064c-3b1f-7a90-9c35-2f7b8d4e6a01"
_PENDING = {"id": _EXPORT_ID, "status": "pending", "requested_at": NOW}

SUBJECT = Subject(
    name="The signed-in person",
    description="Profile, password, address, and what becomes of a person's data.",
    parameters={"export_id": _EXPORT_ID},
    operations={
        "get_me": Operation(summary="See who you are", answer=USER),
        "update_me": Operation(
            summary="Change your profile",
            description="Fields that are not sent stay as they are.",
            body={"name": "Ada Lovelace", "locale": "en-GB", "timezone": "Europe/London"},
            answer=USER,
        ),
        "erase_me": Operation(
            summary="Ask to be erased",
            answer={"erase_at": LATER},
            refusals=(LastAdministrator(),),
        ),
        "change_password": Operation(
            summary="Change your password",
            description="Ends every other session.",
            body={"current_password": PASSWORD, "new_password": NEW_PASSWORD},
            refusals=(InvalidCredentials(), *_GUESSED),
        ),
        "request_email_change": Operation(
            summary="Ask for another address",
            description="Mails a code to it. The address changes when the code comes back; the "
            "former one is told and can undo it for a day.",
            body={"email": "ada.lovelace@example.org"},
            answer={"status": "sent"},
        ),
        "confirm_email_change": Operation(
            summary="Confirm another address by its code",
            body={"code": CODE},
            answer={**USER, "email": "ada.lovelace@example.org"},
            refusals=(
                InvalidCode(),
                ConflictError("There is an account under this address."),
                *_GUESSED,
            ),
        ),
        "get_terms": Operation(
            summary="See the terms, and what you have agreed to",
            answer={
                "required": "2026-11",
                "url": "https://example.com/terms",
                "accepted": [{"version": "2026-11", "accepted_at": NOW}],
            },
        ),
        "accept_terms": Operation(summary="Agree to the terms", body={"version": "2026-11"}),
        "request_export": Operation(
            summary="Ask for all that is held about you",
            description="The worker writes it and tells you by mail.",
            answer=_PENDING,
        ),
        "take_export": Operation(
            summary="Take an export",
            answer={
                "person": USER_ID,
                "made_at": NOW,
                "tables": {"accounts.user": [{"id": USER_ID, "name": "Ada Lovelace"}]},
            },
            others={202: _PENDING},
        ),
    },
)
