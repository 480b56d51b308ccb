from __future__ import annotations

import re
import string
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.rules import api_key_texts

SECRETS = st.binary(min_size=32, max_size=32)
LETTERS = string.ascii_letters + string.digits


@given(SECRETS)
def test_every_key_has_one_form_and_is_whole(secret):
    text = api_key_texts.spelled(secret)
    assert re.fullmatch(r"plk_[0-9A-Za-z]{49}", text)
    assert api_key_texts.is_meant(text)
    assert api_key_texts.is_whole(text)


@given(st.lists(SECRETS, unique=True, min_size=2, max_size=5))
def test_two_secrets_are_never_spelled_alike(secrets):
    assert len({api_key_texts.spelled(secret) for secret in secrets}) == len(secrets)


@given(SECRETS, st.integers(4, 52), st.sampled_from(LETTERS))
def test_one_wrong_character_is_told_without_asking_anybody(secret, place, letter):
    text = api_key_texts.spelled(secret)
    wrong = text[:place] + letter + text[place + 1 :]
    assert api_key_texts.is_whole(wrong) is (wrong == text)


def test_a_scanner_can_check_a_key_with_a_crc32_alone():
    text = api_key_texts.spelled(bytes(range(32)))
    digits = string.digits + string.ascii_uppercase + string.ascii_lowercase
    value = 0
    for digit in text[-6:]:
        value = value * 62 + digits.index(digit)
    assert value == zlib.crc32(text[:-6].encode())


@pytest.mark.parametrize(
    "text", ["", "plk_", "plk_" + "0" * 49, "plr_" + "0" * 49, "plk_" + "é" * 49, "٣" * 53]
)
def test_what_only_looks_like_a_key_is_none(text):
    assert not api_key_texts.is_whole(text)


def test_whatever_follows_a_key_makes_it_none():
    text = api_key_texts.spelled(b"\x00" * 32)
    assert not any(api_key_texts.is_whole(text + more) for more in ("\n", " ", "0"))


@pytest.mark.parametrize("secret", [b"", b"x" * 31, b"x" * 33])
def test_a_secret_of_another_length_is_refused(secret):
    with pytest.raises(ValueError, match="32"):
        api_key_texts.spelled(secret)
