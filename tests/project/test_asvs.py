"""docs/asvs.md, the requirements of OWASP ASVS 5.0.0, and the marks of the tests agree."""

from __future__ import annotations

import pytest

from scripts.asvs import DOCUMENT, marks, states, written

# How many requirements each section of the chapters V6, V7, V9 and V10 has.
SECTIONS = {
    "6.1": 3,
    "6.2": 12,
    "6.3": 8,
    "6.4": 6,
    "6.5": 8,
    "6.6": 4,
    "6.7": 2,
    "6.8": 4,
    "7.1": 3,
    "7.2": 4,
    "7.3": 2,
    "7.4": 5,
    "7.5": 3,
    "7.6": 2,
    "9.1": 3,
    "9.2": 4,
    "10.1": 2,
    "10.2": 3,
    "10.3": 5,
    "10.4": 16,
    "10.5": 5,
    "10.6": 2,
    "10.7": 3,
}
NUMBERS = [
    f"{section}.{number}" for section, most in SECTIONS.items() for number in range(1, most + 1)
]
PROVED = {"held", "partly held"}
UNPROVED = {"not held", "does not apply"}


def test_the_document_knows_every_requirement_in_order_and_no_other():
    assert list(states(DOCUMENT.read_text())) == NUMBERS


def test_every_requirement_has_a_state():
    assert set(states(DOCUMENT.read_text()).values()) <= PROVED | UNPROVED


def test_no_test_carries_a_number_that_does_not_exist():
    assert set(marks()) - set(NUMBERS) == set()


def test_what_is_held_has_a_test_and_what_is_not_has_none():
    tested = set(marks())
    wrong = [
        number
        for number, state in states(DOCUMENT.read_text()).items()
        if (state in PROVED) != (number in tested)
    ]
    assert wrong == []


def test_the_tests_in_the_document_are_those_that_carry_its_numbers():
    assert DOCUMENT.read_text() == written(DOCUMENT.read_text(), marks())


@pytest.mark.parametrize("before", ["", "* `accounts/test_login.py`: `test_of_before`\n\n"])
def test_lists_follow_the_marks_and_words_stay(before):
    first = "# T\n\n### 6.2.1 · level 1 · held\n\nWords.\n\n"
    second = "### 6.2.2 · level 1 · held\n\nOther.\n"

    now = written(first + before + second, {"6.2.1": ["`y.py`: `test_y`"]})

    assert now == first + "* `y.py`: `test_y`\n\n" + second
