"""What a receiver with the reference library makes of a signature."""

from __future__ import annotations

from base64 import b64decode
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from webhooks import signature

BODY = '{"type":"user.created","data":{"name":"Zoë"}}'.encode()
ID = "0192f3a0-0000-7000-8000-000000000001"


def headers(secrets: list[str], *, at: datetime, body: bytes = BODY) -> dict[str, str]:
    return {
        "webhook-id": ID,
        "webhook-timestamp": str(signature.seconds(at)),
        "webhook-signature": signature.sign(secrets, message_id=ID, at=at, body=body),
    }


def test_a_secret_holds_256_bits_and_none_is_drawn_twice() -> None:
    drawn = {signature.new_secret() for _ in range(50)}

    assert len(drawn) == 50
    assert {len(b64decode(secret.removeprefix("whsec_"))) for secret in drawn} == {32}


def test_the_reference_library_accepts_what_is_signed() -> None:
    secret = signature.new_secret()

    told = Webhook(secret).verify(BODY, headers([secret], at=datetime.now(UTC)))

    assert told["data"] == {"name": "Zoë"}


def test_during_a_rotation_either_secret_opens_and_a_third_does_not() -> None:
    new, former, other = (signature.new_secret() for _ in range(3))
    sent = headers([new, former], at=datetime.now(UTC))

    Webhook(new).verify(BODY, sent)
    Webhook(former).verify(BODY, sent)
    with pytest.raises(WebhookVerificationError):
        Webhook(other).verify(BODY, sent)


def test_a_tampered_body_an_other_id_and_an_other_time_are_refused() -> None:
    secret, now = signature.new_secret(), datetime.now(UTC)
    sent = headers([secret], at=now)
    later = str(signature.seconds(now + timedelta(seconds=1)))

    for body, forged in (
        (BODY.replace(b"created", b"erased!"), sent),
        (BODY, {**sent, "webhook-id": ID.replace("1", "2")}),
        (BODY, {**sent, "webhook-timestamp": later}),
    ):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(body, forged)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_***", "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0"])
def test_what_is_no_secret_is_refused_and_not_repeated(secret: str) -> None:
    with pytest.raises(ValueError, match="whsec_ and base64"):
        signature.sign([secret], message_id=ID, at=datetime.now(UTC), body=BODY)
