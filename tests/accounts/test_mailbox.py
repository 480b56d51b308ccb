from __future__ import annotations

import re

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives


@pytest.fixture(autouse=True)
def _mailbox(settings, tmp_path):
    settings.EMAIL_BACKEND = "accounts.mailbox.MailboxBackend"
    settings.EMAIL_FILE_PATH = tmp_path / "mail"


def send(to="alice@example.com", body="Zoë, your code:\n\n    012345\n"):
    message = EmailMultiAlternatives("Confirm", body, "id@example.com", [to])
    message.attach_alternative(f"<p>{body}</p>", "text/html")
    mail.get_connection().send_messages([message])


def files(tmp_path):
    return sorted((tmp_path / "mail").iterdir())


def test_the_newest_letter_is_the_last_file(tmp_path):
    send(body="first")
    send(body="second")
    assert "second" in files(tmp_path)[-1].read_text()


def test_a_code_can_be_found_with_grep(tmp_path):
    send()
    assert re.search(r"^ {4}(\d{6})$", files(tmp_path)[0].read_text(), re.MULTILINE)


def test_the_letter_is_on_the_console_too(capsys):
    send()
    shown = capsys.readouterr().out
    assert "To: alice@example.com" in shown
    assert "    012345\n" in shown


def test_only_the_owner_can_read_a_letter(tmp_path):
    send()
    assert files(tmp_path)[0].stat().st_mode & 0o077 == 0


def test_a_recipient_cannot_name_a_file_elsewhere(tmp_path):
    send(to='"../../evil"@example.com')
    (kept,) = files(tmp_path)
    assert kept.parent == tmp_path / "mail"
