from __future__ import annotations

import re
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.services.letters import Letter, compose, inert

LETTER_ID = UUID("01900000-0000-7000-8000-000000000000")
CONTEXT = {
    "link": "https://id.example.com/verify-email#token=plv_x&y",
    "code": "012345",
    "expires_in_minutes": 60,
    "expires_in_hours": 24,
    "name": "Alice",
    "address": "192.0.2.7",
    "agent": "Firefox",
    "device": "Firefox on Linux",
    "time": "2030-01-01 12:00 UTC",
    "what": "A recovery code was used.",
    "organization": "Analytical Engines",
    "inviter": "Ada",
    "owner": "Charles",
    "domain": "example.com",
    "expires_in_days": 7,
    "receiver": "hooks",
    "connection": "Corporate sign-in",
}


def composed(letter, **changed):
    return compose(
        letter, to="alice@example.com", context={**CONTEXT, **changed}, letter_id=LETTER_ID
    )


def html_of(message):
    return message.alternatives[0][0]


@pytest.mark.parametrize("letter", Letter)
def test_every_letter_has_a_subject_a_text_and_a_page(letter):
    message = composed(letter)
    assert message.subject
    assert "\n" not in message.subject
    assert "Hello Alice," in message.body
    assert "Hello Alice," in html_of(message)


@pytest.mark.parametrize("letter", Letter)
def test_what_a_letter_needs_is_shown_in_its_text(letter):
    body = composed(letter).body
    assert all(str(CONTEXT[key]) in body for key in letter.needs)


def test_the_code_stands_on_a_line_of_its_own():
    assert "\n    012345\n" in composed(Letter.VERIFY_ADDRESS).body


def test_a_letter_about_a_taken_address_shows_neither_link_nor_code():
    message = composed(Letter.ADDRESS_TAKEN)
    assert "plv_x" not in message.message().as_string()
    assert "012345" not in message.body + html_of(message)


def test_links_keep_their_ampersand_in_text_and_are_escaped_in_html():
    message = composed(Letter.PASSWORD_RESET)
    assert CONTEXT["link"] in message.body
    assert 'href="https://id.example.com/verify-email#token=plv_x&amp;y"' in html_of(message)


def test_every_try_of_one_letter_has_the_same_message_id(settings):
    settings.PUBLIC_URL = "https://id.example.com"
    first, second = composed(Letter.ADDRESS_TAKEN), composed(Letter.ADDRESS_TAKEN)
    assert first.message()["Message-ID"] == second.message()["Message-ID"]
    assert first.message()["Message-ID"] == f"<{LETTER_ID}@id.example.com>"


@pytest.mark.parametrize(
    "name",
    ["evil.example", "http://evil.example/x", "call me@evil.example", "www.evil.example now"],
)
def test_a_name_never_becomes_a_link(name):
    message = composed(Letter.VERIFY_ADDRESS, name=name)
    for part in (message.body, html_of(message)):
        assert "evil.example" not in part
        assert "evil.\u200bexample" in part


def test_markup_in_a_name_is_text():
    message = composed(Letter.VERIFY_ADDRESS, name="<img src=x>{{ code }}")
    assert "<img" not in html_of(message)
    assert "{{ code }}" in message.body


def test_a_name_cannot_start_a_line_or_turn_the_text_around():
    body = composed(Letter.VERIFY_ADDRESS, name="A\r\nBcc: b\u2028c\u202ed\x00\x1b[2J").body
    assert "Hello ABcc" not in body
    assert "Hello A Bcc:" in body.splitlines()[0]
    assert not re.search("[\u202e\u2028\x00\x1b]", body)


def test_a_name_is_cut_so_that_it_cannot_carry_a_message():
    assert len(inert("word " * 1000)) <= 100


@given(st.text())
def test_stray_text_is_always_one_printable_line(text):
    assert len(inert(text).splitlines()) <= 1
