"""What several examples show: one person, their sessions, tokens and organization."""

from __future__ import annotations

from typing import Any

USER_ID = "01a2064b-7d50-7334-acc4-a592681d9e95"
SESSION_ID = "01a2064b-7dad-7c1e-8f0a-5d1c3b2e9a77"
EMAIL = "ada@example.com"
PASSWORD = "correct horse battery staple"  # noqa: S105 - shown to everybody
NEW_PASSWORD = "an entirely new password"  # noqa: S105
CODE = "123456"
EARLIER, NOW, LATER = "2026-01-05T08:30:00Z", "2026-02-03T09:15:00Z", "2026-03-05T09:15:00Z"

USER = {
    "id": USER_ID,
    "email": EMAIL,
    "email_verified": True,
    "name": "Ada Lovelace",
    "locale": "en-GB",
    "timezone": "Europe/London",
    "created_at": EARLIER,
}
SESSION = {
    "id": SESSION_ID,
    "device": "Firefox on Linux",
    "agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "address": "203.0.113.7",
    "created_at": NOW,
    "last_seen_at": NOW,
    "expires_at": LATER,
    "current": True,
}
SIGNED_IN = {
    "access": "eyJhbGciOiJFZERTQSIsImtpZCI6IjdmM2UifQ.eyJzdWIiOiIwMWEyMDY0YiJ9.c2lnbmF0dXJl",
    "refresh": "plr_Zb0w5sUqN3oJmB8gYt1xT6kQ2vHrEw9cLpXfAa4DyKs",
    "token_type": "Bearer",
    "expires_in": 900,
    "session": SESSION,
    "user": USER,
}
FACTOR_WANTED = {
    "mfa_required": True,
    "mfa_token": "plm_h5Yq0uWcV2nRk7TjXe9LzGd4PbSa6MfIo1JtCx8NwQE",
    "methods": ["totp", "recovery_code"],
}
ENTERED = {"signed in": SIGNED_IN, "a second factor is wanted": FACTOR_WANTED}
RECOVERY_CODES = [
    *("c7m2k-9xhqd", "w4tfn-8vbzr", "e6yjp-3kgsm", "n9rcd-5whxt", "q2vbf-7mzke"),
    *("t8gsj-4pnyc", "h3xwr-6dqvb", "k5zem-2tfjn", "y7pcg-9rshw", "b4dqx-8kvtm"),
]


def page(*rows: Any) -> dict[str, Any]:
    """A list that ends with these rows."""
    return {"results": list(rows), "next": None}
