from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from accounts.models import OutboundMail
from accounts.services import outbox, post
from accounts.services.mail import EmailService, get_email_service
from plinto.kernel import services
from resilience.worker import Shift

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _working_breaker():
    yield
    post.breaker().reset()


def queue(letter="verify_address", **changed):
    described = {
        "to": "alice@example.com",
        "context": {
            "link": "https://id.example.com/verify-email#token=plv_secret",
            "code": "012345",
            "expires_in_minutes": 60,
            "name": "Alice",
        },
        "now": NOON,
    }
    return EmailService().queue(letter, **{**described, **changed})


def deliver(*, now=NOON):
    return outbox.QUEUE.run_due(Shift(clock=lambda: now))


def text_of(message):
    return message.get_body(("plain",)).get_content()


def test_a_queued_letter_arrives_with_its_code_and_link(smtp):
    letter_id = queue()
    assert smtp.messages == []
    deliver()
    (message,) = smtp.messages
    assert message["To"] == "alice@example.com"
    assert str(letter_id) in message["Message-ID"]
    assert "012345" in text_of(message)
    assert "#token=plv_secret" in text_of(message)


def test_a_letter_whose_act_is_rolled_back_never_arrives(smtp):
    with transaction.atomic():
        queue()
        transaction.set_rollback(True)
    assert deliver() == 0
    assert smtp.messages == []


def test_a_delivered_letter_keeps_no_secret_and_is_not_sent_again(smtp):
    queue()
    deliver()
    deliver(now=NOON + 48 * HOUR)
    row = OutboundMail.objects.get()
    assert (row.state, row.sent_at, bytes(row.sealed_context)) == ("settled", NOON, b"")
    assert len(smtp.messages) == 1


def test_the_code_and_the_link_are_not_readable_in_the_database():
    queue()
    sealed = bytes(OutboundMail.objects.get().sealed_context)
    assert b"012345" not in sealed
    assert b"plv_secret" not in sealed


def test_a_letter_to_nobody_is_settled_unsent(smtp):
    queue(suppressed=True, to="")
    assert deliver() == 1
    row = OutboundMail.objects.get()
    assert (row.state, row.sent_at, bytes(row.sealed_context)) == ("settled", None, b"")
    assert smtp.messages == []


@pytest.mark.parametrize("code", [451, 550])
def test_a_refused_letter_is_sent_later_under_the_same_id(smtp, code):
    letter_id = queue()
    smtp.fail(1, code)
    deliver()
    row = OutboundMail.objects.get()
    assert (row.state, row.last_error) == ("due", f"SMTPDataError {code}")
    deliver(now=row.due_at)
    assert [message["Message-ID"].split("@")[0] for message in smtp.messages] == [f"<{letter_id}"]


def test_one_refused_letter_does_not_hold_up_the_next(smtp):
    queue(to="alice@example.com")
    queue(to="bob@example.com", now=NOON + timedelta(seconds=1))
    smtp.fail(1, 550)
    deliver(now=NOON + HOUR)
    assert [message["To"] for message in smtp.messages] == ["bob@example.com"]


def test_a_letter_is_tried_for_a_day_and_then_given_up_and_wiped(smtp):
    queue()
    smtp.fail(2, 550)
    deliver(now=NOON + 23 * HOUR)
    assert OutboundMail.objects.get().state == "due"
    deliver(now=NOON + 24 * HOUR)
    row = OutboundMail.objects.get()
    assert (row.state, row.last_error) == ("abandoned", "SMTPDataError 550")
    assert bytes(row.sealed_context) == b""


def test_while_the_mail_server_is_gone_letters_wait_untried(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    for _ in range(8):
        queue()
    for minute in range(20):
        deliver(now=NOON + minute * HOUR / 60)
    assert not post.is_open()
    attempts = OutboundMail.objects.values_list("attempts", flat=True)
    assert sum(attempts) == post.breaker().policy.failure_threshold
    assert set(OutboundMail.objects.values_list("state", flat=True)) == {"due"}


def test_letters_go_out_once_the_mail_server_is_back(smtp):
    post.breaker().trip(reason="ConnectionRefusedError")
    queue()
    assert deliver() == 0
    post.breaker().reset()
    assert deliver() == 1
    assert len(smtp.messages) == 1


def test_a_letter_nobody_can_unseal_waits_for_its_key(smtp, settings):
    queue()
    keys = settings.FIELD_KEYS
    settings.FIELD_KEYS = ["bm90IHRoZSBrZXkgdGhhdCBzZWFsZWQgaXQsIHN1cmU="]
    deliver()
    settings.FIELD_KEYS = keys
    deliver(now=NOON + HOUR)
    assert len(smtp.messages) == 1


@pytest.mark.parametrize(
    ("letter", "context"), [("no_such_letter", {}), ("password_reset", {"name": "Alice"})]
)
def test_a_letter_that_could_not_be_written_later_is_refused_now(letter, context):
    with pytest.raises(ValueError, match=r"no_such_letter|link"):
        queue(letter, context=context)
    assert not OutboundMail.objects.exists()


def test_letters_are_trimmed_by_what_became_of_them():
    ages = {("settled", True): 2, ("settled", False): 31, ("abandoned", False): 91}
    for (state, suppressed), days in ages.items():
        for age in (days, days - 1.5):
            row = OutboundMail.objects.get(pk=queue(suppressed=suppressed))
            row.state, row.settled_at = state, NOON - timedelta(days=age)
            row.save()
    queue(now=NOON - timedelta(days=365))
    assert outbox.trim(NOON) == 3
    assert OutboundMail.objects.count() == 4


def test_a_deployment_can_put_another_mail_service_in_place():
    other = EmailService()
    with services.override(EmailService, other):
        assert get_email_service() is other
