from __future__ import annotations

import pytest

from resilience.breaker import Breaker
from resilience.circuit import Permit, Policy, State
from resilience.errors import CircuitOpenError


@pytest.fixture
def breaker(clock) -> Breaker:
    return Breaker("test", clock=clock, wall_clock=lambda: 5000.0, random=lambda: 0.5)


def fail(breaker: Breaker, times: int = 1) -> None:
    for _ in range(times):
        breaker.failed(breaker.admit(), reason="refused")


def open_and_wait(breaker: Breaker, clock) -> None:
    fail(breaker, 5)
    clock.advance(60)


def test_it_stays_closed_below_the_threshold(breaker):
    fail(breaker, 4)
    assert breaker.is_closed
    assert breaker.failure_count == 4


def test_the_fifth_failure_in_a_row_opens_it(breaker):
    fail(breaker, 5)
    assert breaker.standing.state is State.OPEN
    assert breaker.standing.reason == "refused"
    assert breaker.standing.since == 5000.0


def test_a_success_ends_the_streak(breaker):
    fail(breaker, 4)
    breaker.succeeded(breaker.admit())
    fail(breaker, 4)
    assert breaker.is_closed


def test_an_open_breaker_refuses_and_counts_it(breaker):
    fail(breaker, 5)
    with pytest.raises(CircuitOpenError) as refusal:
        breaker.admit()
    assert (refusal.value.name, refusal.value.reason) == ("test", "refused")
    assert breaker.rejected_calls == 1


def test_one_success_in_five_does_not_hide_an_eighty_percent_failure_rate(breaker, clock):
    for number in range(1, 22):
        if number % 5:
            fail(breaker)
        else:
            breaker.succeeded(breaker.admit(), began=clock())
    assert breaker.standing.state is State.OPEN


def test_half_of_too_few_calls_opens_nothing(breaker, clock):
    for _ in range(9):
        fail(breaker)
        breaker.succeeded(breaker.admit(), began=clock())
    assert breaker.is_closed


def test_the_good_calls_of_the_window_count_against_the_bad_ones(breaker, clock):
    for _ in range(50):
        breaker.succeeded(breaker.admit(), began=clock())
        clock.advance(0.1)
    for _ in range(20):
        fail(breaker)
        breaker.succeeded(breaker.admit(), began=clock())
    assert breaker.is_closed


def test_failures_older_than_the_window_are_forgotten(breaker, clock):
    for _ in range(40):
        fail(breaker)
        breaker.succeeded(breaker.admit(), began=clock())
        clock.advance(1.1)
    assert breaker.is_closed


def test_slow_answers_open_it_without_a_single_failure(breaker, clock):
    while breaker.is_closed and breaker.slow_calls < 100:
        permit, began = breaker.admit(), clock()
        clock.advance(0.21)
        breaker.succeeded(permit, began=began)
    assert breaker.slow_calls == 20
    assert breaker.standing.reason == "slow"


def test_it_is_not_probed_before_the_recovery_timeout(breaker, clock):
    fail(breaker, 5)
    clock.advance(59.9)
    assert breaker.take_probe() is None
    assert breaker.next_probe_in() == pytest.approx(0.1)


def test_three_good_probes_close_it_and_two_do_not(breaker, clock):
    open_and_wait(breaker, clock)
    for _ in range(2):
        breaker.succeeded(breaker.take_probe())
    assert breaker.standing.state is State.HALF_OPEN
    breaker.succeeded(breaker.take_probe())
    assert breaker.is_closed


def test_a_bad_probe_opens_it_for_twice_as_long_up_to_a_cap(breaker, clock):
    open_and_wait(breaker, clock)
    pauses = []
    for _ in range(4):
        breaker.failed(breaker.take_probe(), reason="refused")
        pauses.append(breaker.next_probe_in())
        clock.advance(pauses[-1])
    assert pauses == [120, 240, 240, 240]
    assert breaker.opened_count == 1


def test_a_slow_probe_is_a_bad_one(breaker, clock):
    open_and_wait(breaker, clock)
    probe, began = breaker.take_probe(), clock()
    clock.advance(0.3)
    breaker.succeeded(probe, began=began)
    assert breaker.standing.state is State.OPEN


def test_the_recovery_timeout_is_spread_by_a_tenth(clock):
    for chance, pause in ((0.0, 54), (1.0, 66)):
        breaker = Breaker("test", clock=clock, random=lambda chance=chance: chance)
        fail(breaker, 5)
        assert breaker.next_probe_in() == pytest.approx(pause)


def test_only_one_probe_is_out_until_its_lease_lapses(breaker, clock):
    open_and_wait(breaker, clock)
    first = breaker.take_probe()
    assert breaker.take_probe() is None
    clock.advance(0.5)
    second = breaker.take_probe()
    breaker.failed(first, reason="late")
    assert breaker.standing.state is State.HALF_OPEN
    assert second is not None


def test_an_abandoned_probe_makes_room_for_the_next(breaker, clock):
    open_and_wait(breaker, clock)
    breaker.abandoned(breaker.take_probe())
    assert breaker.take_probe() is not None


def test_forced_open_is_never_probed_until_it_is_automatic_again(breaker, clock):
    breaker.force_open()
    clock.advance(10**6)
    assert breaker.take_probe() is None
    assert breaker.next_probe_in() is None
    breaker.automatic()
    assert breaker.take_probe() is not None


def test_forced_closed_counts_failures_and_lets_calls_through(breaker):
    breaker.force_closed()
    fail(breaker, 50)
    assert breaker.is_closed
    assert breaker.failed_calls == 50
    breaker.automatic()
    fail(breaker, 5)
    assert not breaker.is_closed


def test_reset_closes_and_forgets_how_long_it_last_waited(breaker, clock):
    open_and_wait(breaker, clock)
    breaker.failed(breaker.take_probe(), reason="refused")
    breaker.reset()
    assert breaker.is_closed
    fail(breaker, 5)
    assert breaker.next_probe_in() == pytest.approx(60)


def test_a_permit_of_another_breaker_changes_nothing(breaker):
    for _ in range(9):
        breaker.failed(Permit(0), reason="forged")
    assert breaker.is_closed


def test_listeners_may_ask_the_breaker_because_its_lock_is_free(breaker):
    seen = []
    breaker.subscribe(lambda change: seen.append((change.after.state, breaker.next_probe_in())))
    fail(breaker, 5)
    assert seen == [(State.OPEN, 60.0)]


def test_each_transition_is_told_once_with_a_rising_generation(breaker, clock):
    changes = []
    breaker.subscribe(changes.append)
    open_and_wait(breaker, clock)
    for _ in range(3):
        breaker.succeeded(breaker.take_probe())
    assert [change.after.state for change in changes] == ["open", "half_open", "closed"]
    assert [change.after.generation for change in changes] == [1, 2, 3]


def test_a_guarded_block_counts_the_named_failures_and_no_other(breaker):
    for failure in (OSError, OSError, TypeError):
        with pytest.raises(failure), breaker.guard(failures=(OSError,)):
            raise failure
    with breaker.guard(failures=(OSError,)):
        pass
    assert (breaker.failed_calls, breaker.successful_calls) == (2, 1)


def test_a_guarded_block_is_the_probe_when_one_is_due(breaker, clock):
    open_and_wait(breaker, clock)
    for _ in range(3):
        with breaker.guard(failures=(OSError,)):
            pass
    assert breaker.is_closed


def test_a_bug_in_a_guarded_probe_does_not_close_the_breaker(clock):
    breaker = Breaker("test", policy=Policy(half_open_max_calls=1), clock=clock)
    fail(breaker, 5)
    clock.advance(70)
    with pytest.raises(TypeError), breaker.guard(failures=(OSError,)):
        raise TypeError
    assert breaker.standing.state is State.HALF_OPEN


def test_figures_add_up(breaker, clock):
    fail(breaker, 2)
    breaker.succeeded(breaker.admit(), began=clock())
    fail(breaker, 5)
    with pytest.raises(CircuitOpenError):
        breaker.admit()
    assert (breaker.total_calls, breaker.successful_calls, breaker.failed_calls) == (9, 1, 7)
    assert breaker.last_failure_time == 5000.0
