"""Codes of authenticator apps, judged by the clock alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyotp import TOTP

from accounts.rules import one_time_codes

# RFC 6238, appendix B: the ASCII bytes 1 to 0, twice, in base32.
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
STEP = int(BEGIN.timestamp()) // 30


def step_at(seconds: float, code: str, *, after: int = 0) -> int | None:
    moment = BEGIN + timedelta(seconds=seconds)
    return one_time_codes.matching_step(SECRET, code, at=moment, after=after)


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_the_codes_are_those_of_the_standard(seconds, code):
    moment = datetime.fromtimestamp(seconds, tz=UTC)
    found = one_time_codes.matching_step(SECRET, code, at=moment, after=0)
    assert found == seconds // 30


@pytest.mark.asvs("6.5.5")
@pytest.mark.parametrize(
    ("seconds", "is_taken"), [(-1, False), (0, True), (29, True), (34, True), (35, False)]
)
def test_a_code_is_taken_in_its_own_half_minute_and_five_seconds_longer(seconds, is_taken):
    code = TOTP(SECRET).generate_otp(STEP)
    assert (step_at(seconds, code) == STEP) is is_taken


def test_no_step_is_taken_that_is_not_later_than_the_last_one():
    code = TOTP(SECRET).generate_otp(STEP)
    assert step_at(3, code, after=STEP - 1) == STEP
    assert step_at(3, code, after=STEP) is None


def test_a_clock_that_jumps_back_brings_no_code_back():
    hour_ago = TOTP(SECRET).generate_otp(STEP - 120)
    assert step_at(-3600, hour_ago, after=STEP) is None


@pytest.mark.parametrize(
    "text",
    ["287082", "287 082", " 287-082\n", "287\u2013082", "２８７０８２", "٢٨٧٠٨٢", "287\u2212082"],
)
def test_six_digits_are_read_however_they_are_written(text):
    assert one_time_codes.read_digits(text) == "287082"


@pytest.mark.parametrize("text", ["", "28708", "2870822", "28708a", "²87082x", "287.082", "½87082"])
def test_what_is_not_six_digits_is_not_read(text):
    assert one_time_codes.read_digits(text) is None


def test_recovery_codes_are_ten_different_ones_that_can_be_read_back():
    codes = one_time_codes.new_recovery_codes()
    assert len(set(codes)) == 10
    read = [one_time_codes.read_recovery_code(f" {code.upper()} ") for code in codes]
    assert read == [code.replace("-", "") for code in codes]


@given(st.text())
def test_no_text_is_too_strange_to_be_read_or_refused(text):
    digits = one_time_codes.read_digits(text)
    assert digits is None or (digits.isascii() and digits.isdigit())
    assert one_time_codes.read_recovery_code(text) is None or text
