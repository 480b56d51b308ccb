"""Text records, asked of a real name server that may be broken in every way."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from resilience import breakers
from resilience.circuit import State
from resilience.errors import CircuitOpenError, OutboundFailedError
from resilience.text_records import TextRecords
from tests.servers.name_server import NameServer

NAME = "_challenge.example.com"


@pytest.fixture
def names() -> Iterator[NameServer]:
    breakers.forget("dns")
    with NameServer() as server:
        yield server
    breakers.forget("dns")


@pytest.fixture
def records(names: NameServer) -> TextRecords:
    return TextRecords(names.address)


def failures(records: TextRecords, name: str, *, times: int) -> None:
    for _ in range(times):
        with pytest.raises(OutboundFailedError):
            records.of(name, seconds=0.2)


def test_texts_are_found_and_pieces_of_one_are_joined(names, records):
    names.texts[NAME] = ["one", "x" * 400]
    assert sorted(records.of(NAME)) == ["one", "x" * 400]


def test_what_is_too_long_for_a_packet_is_asked_for_again_over_tcp(names, records):
    names.texts[NAME] = [f"{number}" + "x" * 200 for number in range(9)]
    assert len(records.of(NAME)) == 9


def test_an_alias_is_followed(names, records):
    names.aliases[NAME] = "elsewhere.example.net"
    names.texts["elsewhere.example.net"] = ["one"]
    assert records.of(NAME) == ["one"]


def test_a_name_without_texts_and_a_name_that_is_not_there_have_none(names, records):
    names.texts["empty.example.com"] = []
    assert records.of("empty.example.com") == []
    assert records.of("nowhere.example.com") == []


def test_a_domain_whose_servers_fail_or_hang_is_told_from_one_without_the_record(names, records):
    names.broken.add("broken.example.com")
    names.silent.add("silent.example.com")
    failures(records, "broken.example.com", times=1)
    failures(records, "silent.example.com", times=1)


def test_somebodys_broken_domain_keeps_nobody_else_from_being_looked_up(names, records):
    names.broken.add("broken.example.com")
    names.silent.add("silent.example.com")
    names.texts[NAME] = ["one"]
    failures(records, "broken.example.com", times=6)
    failures(records, "silent.example.com", times=6)
    assert records.of(NAME) == ["one"]


def test_a_silent_resolver_is_left_alone_after_five_failures(names, records):
    names.is_mute = True
    failures(records, NAME, times=5)
    asked = sum(names.asked.values())
    with pytest.raises(CircuitOpenError):
        records.of(NAME)
    assert (records.breaker.standing.state, sum(names.asked.values())) == (State.OPEN, asked)


def test_a_lookup_ends_in_time_whatever_happens(names, records):
    names.is_mute = True
    began = time.monotonic()
    failures(records, NAME, times=1)
    # A fifth of a second, and one for the sign of life; the rest is the machine's.
    assert time.monotonic() - began < 10
