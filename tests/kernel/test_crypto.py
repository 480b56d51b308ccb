from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plinto.kernel import crypto
from plinto.kernel.exceptions import ConfigurationError

OLD = base64.urlsafe_b64encode(b"o" * 32).decode()
NEW = base64.urlsafe_b64encode(b"n" * 32).decode()


@given(st.binary(max_size=200))
def test_what_was_sealed_comes_back(plain):
    assert crypto.decrypt(crypto.encrypt(plain, purpose="mail"), purpose="mail") == plain


def test_the_same_plain_text_never_seals_to_the_same_bytes():
    assert crypto.encrypt(b"code", purpose="mail") != crypto.encrypt(b"code", purpose="mail")


def test_a_field_moved_to_another_column_does_not_open():
    sealed = crypto.encrypt(b"totp secret", purpose="totp")
    with pytest.raises(ConfigurationError):
        crypto.decrypt(sealed, purpose="mail")


def test_a_new_first_key_still_opens_what_an_older_key_sealed(settings):
    settings.FIELD_KEYS = [OLD]
    sealed = crypto.encrypt(b"kept", purpose="mail")
    settings.FIELD_KEYS = [NEW, OLD]
    assert crypto.decrypt(sealed, purpose="mail") == b"kept"


def test_a_removed_key_is_a_configuration_error_and_never_an_empty_answer(settings):
    settings.FIELD_KEYS = [OLD]
    sealed = crypto.encrypt(b"kept", purpose="mail")
    settings.FIELD_KEYS = [NEW]
    with pytest.raises(ConfigurationError):
        crypto.decrypt(sealed, purpose="mail")


@pytest.mark.parametrize("position", [0, 1, 13, -1])
def test_one_changed_bit_anywhere_is_refused(position):
    sealed = bytearray(crypto.encrypt(b"balance", purpose="mail"))
    sealed[position] ^= 1
    with pytest.raises(ConfigurationError):
        crypto.decrypt(bytes(sealed), purpose="mail")


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x01" + b"\0" * 27, b"plain text in a column"])
def test_bytes_that_were_never_sealed_are_refused(sealed):
    with pytest.raises(ConfigurationError):
        crypto.decrypt(sealed, purpose="mail")


@pytest.mark.parametrize("key", ["short", "%%%%", base64.urlsafe_b64encode(b"x" * 16).decode()])
def test_a_malformed_field_key_is_refused_before_anything_is_sealed(settings, key):
    settings.FIELD_KEYS = [key]
    with pytest.raises(ConfigurationError):
        crypto.encrypt(b"", purpose="mail")


def test_a_digest_of_one_purpose_is_not_a_digest_of_another():
    assert crypto.keyed_digest("123456", purpose="verify") != crypto.keyed_digest(
        "123456", purpose="reset"
    )


def test_a_digest_depends_on_the_secret_key(settings):
    before = crypto.keyed_digest("123456", purpose="verify")
    settings.SECRET_KEY = "another" * 10
    assert crypto.keyed_digest("123456", purpose="verify") != before


def test_text_and_its_utf8_bytes_have_one_digest():
    assert crypto.keyed_digest("é", purpose="p") == crypto.keyed_digest(b"\xc3\xa9", purpose="p")


def test_a_lone_surrogate_is_digested_and_does_not_raise():
    assert crypto.token_digest("\ud800") != crypto.token_digest("?")
    assert crypto.keyed_digest("\ud800", purpose="p") != crypto.keyed_digest("?", purpose="p")


def test_a_token_carries_its_prefix_and_256_bits():
    token = crypto.new_token("plr_")
    assert token.startswith("plr_")
    assert len(base64.urlsafe_b64decode(token.removeprefix("plr_") + "=")) == 32
