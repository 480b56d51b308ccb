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
    "nasdur-zvspyj-2vgtz9-p3x75d",
    "hw9ek5-m92s8f-a7ywte-7tu46n",
    "ng662w-28t8z7-w7bcz8-kxqp87",
    "zzr8zz-xeb2df-7y6a4c-bvnm2n",
    "qrc4bd-vbhrc7-hhr73a-z2zsdw",
    "e2kufd-emv2g3-r7nzz8-5t9yvz",
    "gdjdxj-atg5ms-tudwb3-fz48cj",
    "ndy6ca-yrk4bq-cb7u4p-6srbh7",
    "s34nky-e39snd-vagpf6-3yp3uh",
    "cv86sm-z6pxuf-57fd63-wfb6gy",
]


def page(*rows: Any) -> dict[str, Any]:
    """A list that ends with these rows."""
    return {"results": list(rows), "next": None}
