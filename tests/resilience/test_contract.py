from __future__ import annotations

import pytest

from resilience import contract, health
from resilience.contract import Control, Database, Mail, Mode, Redis, enforce, refuse, stricter
from resilience.redis import door

WELL = enforce("It holds.")


def row(name: str, **cells) -> Control:
    every = {"redis": Redis, "database": Database, "mail": Mail}
    return Control(
        name=name,
        truth="a row",
        **{what: cells.get(what, kind.always(WELL)) for what, kind in every.items()},
    )


@pytest.fixture
def contract_of():
    """Let the contract consist of the given rows, until the test is over."""
    before = contract.controls()

    def become(*rows: Control) -> None:
        contract._controls.clear()
        contract.register(*rows)

    yield become
    become(*before)


@pytest.mark.parametrize("dependency", contract.DEPENDENCIES)
def test_a_row_that_leaves_a_state_out_cannot_be_made(dependency):
    kind, states = contract.DEPENDENCIES[dependency], contract.states(dependency)
    kind(**dict.fromkeys(states, WELL))
    with pytest.raises(TypeError):
        kind(**dict.fromkeys(states[1:], WELL))


def test_a_row_that_leaves_a_dependency_out_cannot_be_made():
    with pytest.raises(TypeError):
        Control(name="half", truth="a row", redis=Redis.always(WELL), mail=Mail.always(WELL))


def test_a_guarantee_is_a_sentence():
    with pytest.raises(ValueError, match="sentence"):
        enforce("holds")


def test_two_rows_of_one_name_are_refused_and_the_same_row_twice_is_not(contract_of):
    first = row("lockout")
    contract_of(first, first)
    with pytest.raises(ValueError, match="lockout"):
        contract.register(row("lockout"))


def test_of_two_missing_dependencies_the_strictest_cell_is_in_force(contract_of):
    busy = refuse("It is refused.")
    strained = row(
        "strained",
        redis=Redis.always(stricter("Less is known.")),
        database=Database(gone=WELL, read_only=WELL, busy=busy),
    )
    contract_of(strained, row("untouched"))
    found = contract.in_force({"redis": "gone", "database": "busy"})
    assert [(one.control.name, one.dependency, one.cell.mode) for one in found] == [
        ("strained", "database", Mode.REFUSE),
        ("untouched", "redis", Mode.ENFORCE),
    ]
    assert contract.in_force({"redis": "gone", "database": "gone"})[0].dependency == "redis"


def test_nothing_is_in_force_while_nothing_is_missing():
    assert contract.in_force({}) == []


def test_guarantees_name_each_sentence_once(contract_of):
    contract_of(row("a"), row("b"), row("c", redis=Redis.always(stricter("Less is known."))))
    assert contract.guarantees("redis", "stalled") == "It holds. Less is known."


def test_marked_code_is_the_code_itself():
    def uphold() -> None: ...

    before = contract._enforced.copy()
    try:
        assert contract.enforces(row("a"), row("b"))(uphold) is uphold
        assert contract.enforced()["a"] == contract.enforced()["b"] == [uphold]
    finally:
        contract._enforced.clear()
        contract._enforced.update(before)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("reason", "state"),
    [
        ("ConnectionError", "gone"),
        ("forced open", "gone"),
        ("TimeoutError", "stalled"),
        ("slow", "slow"),
        ("readonly", "read_only"),
    ],
)
def test_why_the_circuit_opened_names_the_state_of_redis(redis_server, reason, state):
    door().breaker.trip(reason=reason)
    assert health.missing() == {"redis": state}


@pytest.mark.django_db
def test_a_redis_that_only_refuses_writes_is_read_only(redis_server):
    door().writes.trip(reason="OutOfMemoryError")
    assert health.missing() == {"redis": "read_only"}
