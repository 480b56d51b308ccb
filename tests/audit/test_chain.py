"""The mathematics of the trail, by the vectors of Certificate Transparency and by properties."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit import chain
from audit.chain import NOTHING, Link, Statement
from audit.models import AuditRow
from tests.audit.rows import NOON, a_row

# The leaves and tree heads that implementations of RFC 9162 are tested with, from the repository
# certificate-transparency: cpp/merkletree/merkle_tree_test.cc.
LEAVES = [
    bytes.fromhex(leaf)
    for leaf in [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ]
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
_ONE = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
_THREE_FOUR = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
_FIVE = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
PATHS = {
    (0, 1): [],
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        _THREE_FOUR,
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        _FIVE,
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        ROOTS[4],
    ],
    (2, 3): [ROOTS[2]],
    (1, 5): [_ONE, _THREE_FOUR, _FIVE],
}
MOST = 70


@pytest.mark.parametrize("size", range(9))
def test_the_roots_are_those_of_certificate_transparency(size):
    assert chain.root(LEAVES[:size]).hex() == ROOTS[size]


@pytest.mark.parametrize(("index", "size"), PATHS)
def test_the_paths_are_those_of_certificate_transparency(index, size):
    way = chain.path(LEAVES[:size], index)
    assert [each.hex() for each in way] == PATHS[index, size]


def hashes(size):
    return [sha256(str(number).encode()).digest() for number in range(size)]


@pytest.mark.parametrize("size", range(1, MOST + 1))
def test_each_row_of_a_tree_is_proved_and_only_at_its_place(size):
    rows = hashes(size)
    top = chain.root(rows)
    for index, row in enumerate(rows):
        way = chain.path(rows, index)
        assert chain.is_included(row, index=index, size=size, way=way, top=top)
        others = {index - 1, index + 1, size - 1 - index, size} - {index}
        assert not any(
            chain.is_included(row, index=other, size=size, way=way, top=top) for other in others
        )


@given(size=st.integers(1, MOST), at=st.integers(0, MOST), draw=st.data())
def test_a_path_that_was_changed_in_any_way_proves_nothing(size, at, draw):
    index, rows = at % size, hashes(size)
    top, way = chain.root(rows), chain.path(rows, at % size)
    longer = [*way, draw.draw(st.binary(min_size=32, max_size=32))]
    wrong = [longer, way[:-1], way[1:], *([way[::-1]] if len(way) > 1 else [])]
    for place in range(len(way)):
        flipped = bytes([way[place][0] ^ 1]) + way[place][1:]
        wrong.append([*way[:place], flipped, *way[place + 1 :]])
    for each in wrong:
        if each != way:
            assert not chain.is_included(rows[index], index=index, size=size, way=each, top=top)
    assert not chain.is_included(NOTHING, index=index, size=size, way=way, top=top)
    assert not chain.is_included(rows[index], index=index, size=size, way=way, top=NOTHING)


def test_an_inner_node_does_not_pass_for_a_row():
    rows = hashes(4)
    left = sha256(
        b"\x01" + sha256(b"\x00" + rows[0]).digest() + sha256(b"\x00" + rows[1]).digest()
    ).digest()
    right = chain.path(rows, 0)[1]
    assert not chain.is_included(left, index=0, size=2, way=[right], top=chain.root(rows))


def test_there_is_no_path_to_a_row_that_is_not_there():
    for index in (-1, 3):
        with pytest.raises(IndexError):
            chain.path(hashes(3), index)


def link(**said):
    return Link(UUID(int=7), 1, NOTHING, said)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
    max_leaves=12,
)


@given(said=st.dictionaries(TEXTS, JSON_VALUES))
@settings(max_examples=25, deadline=None)
def test_the_hash_of_a_row_does_not_depend_on_how_its_json_was_written(said):
    turned = json.loads(json.dumps(dict(reversed(said.items())), ensure_ascii=False, indent=1))
    assert link(of=turned).hash() == link(of=said).hash()


@given(
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=12,
    )
)
def test_whatever_a_row_holds_can_be_hashed(value):
    assert len(link(changes=chain.portable(value)).hash()) == 32


@pytest.mark.parametrize(
    ("here", "there"), [(1e22, 10**22), (2.0**60, 2**60), (5.0, 5), (-0.0, 0), (1e16, 10**16)]
)
def test_a_number_hashes_alike_whether_a_database_keeps_its_fraction_or_not(here, there):
    assert link(n=chain.portable(here)).hash() == link(n=chain.portable(there)).hash()


def test_numbers_that_a_double_cannot_tell_apart_hash_apart():
    one, other = (link(n=chain.portable(2**60 + more)).hash() for more in (0, 1))
    assert one != other


def test_two_spellings_of_one_letter_are_two_texts():
    assert link(name="\u00e9").hash() != link(name="e\u0301").hash()


@given(hours=st.integers(-14, 14), microsecond=st.integers(0, 999_999))
def test_a_moment_is_hashed_alike_in_every_time_zone(hours, microsecond):
    at = NOON.replace(microsecond=microsecond)
    assert chain.moment(at.astimezone(timezone(timedelta(hours=hours)))) == chain.moment(at)
    assert chain.moment(at).endswith(f".{microsecond:06}+00:00")


PLACES = {
    "chain": Link(UUID(int=8), 1, NOTHING, {"a": 1}),
    "sequence": Link(UUID(int=7), 2, NOTHING, {"a": 1}),
    "the row before": Link(UUID(int=7), 1, bytes([1]) * 32, {"a": 1}),
    "what it says": Link(UUID(int=7), 1, NOTHING, {"a": 2}),
    "a column more": Link(UUID(int=7), 1, NOTHING, {"a": 1, "b": None}),
}


@pytest.mark.parametrize("what", PLACES)
def test_the_hash_of_a_row_covers(what):
    assert PLACES[what].hash() != Link(UUID(int=7), 1, NOTHING, {"a": 1}).hash()


def test_the_form_that_is_hashed_never_changes():
    """A released form is for ever: rows sealed by an old version must verify with a new one."""
    row = a_row(id=UUID("01930f6e-8d2b-7c31-9a54-4f0c8e6b7a10"), changes={"name": ["Zoë", None]})
    sealed = Link(chain.SYSTEM_CHAIN, 1, NOTHING, row.said()).hash()
    assert sealed.hex() == "fa9d8365b50b3e7edd86087c7bfa307cb07d9ee3a4ca57ba8d27e90140cbf454"
    statement = Statement(
        chain=chain.SYSTEM_CHAIN,
        number=1,
        first=1,
        last=1,
        head_hash=sealed,
        merkle_root=chain.root([sealed]),
        previous=NOTHING,
        signed_at=datetime(2030, 1, 1, 13, tzinfo=UTC),
        kid="a",
    )
    assert (
        statement.digest().hex()
        == "6852195898b307b51366588da55f9e836d05d81f94ded0ba74159c6022cca1e4"
    )


KEPT = {
    "texts": {"name": ["Zo\u00eb", "\U0001f600 \u202e \uffff"], "": ['a\\b"c', "\u2028"]},
    "numbers": {"size": [0, -1], "share": [0.1, 1e22], "large": [2**60, -(2**70)]},
    "moments": {"since": [None, NOON.astimezone(timezone(timedelta(hours=5, minutes=30)))]},
    "nested": {"scopes": [["b", "a"], {"z": 1, "a": {"y": True, "b": None}}]},
}


HASHES = {
    "texts": "a27243483b9edd97f7ecc6f2ea9d972273aae406497a777c9a96b27305969232",
    "numbers": "f18ffc5dd9539db5d8d79776aa5156d8d14191c9c2b36e32a2b3f6ee7ac59ce7",
    "moments": "b250d694574acfbba2dff2fabb2b55ed6b30367fcabe26f1114b679270743a61",
    "nested": "7e5fe37f81204e0f2b5ea9ee87cb7ecb0049c92ad321f6e8a72fcea517a881bf",
}


@pytest.mark.django_db
@pytest.mark.parametrize("what", KEPT)
def test_a_row_that_was_stored_hashes_alike_in_every_database(what):
    row = a_row(id=UUID(int=5), changes=KEPT[what], organization_id=UUID(int=6))
    row.occurred_at = NOON.replace(microsecond=120)
    row.save()
    stored = AuditRow.objects.get(pk=row.pk)
    assert Link(UUID(int=6), 1, NOTHING, stored.said()).hash().hex() == HASHES[what]
    if what != "moments":  # a moment is text by then
        assert stored.said() == row.said()
