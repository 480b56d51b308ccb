"""Whatever happens in whatever order, a breaker keeps its promises."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from resilience.breaker import Breaker
from resilience.circuit import Policy, State
from resilience.errors import CircuitOpenError
from tests.resilience.conftest import Clock

POLICY = Policy(recovery_timeout=10, half_open_max_calls=2, min_calls=6, window=5)


class AnyOrder(RuleBasedStateMachine):
    permits = Bundle("permits")

    def __init__(self):
        super().__init__()
        self.clock = Clock()
        self.breaker = Breaker("test", policy=POLICY, clock=self.clock, random=lambda: 0.5)
        self.changes = []
        self.breaker.subscribe(self.changes.append)
        self.live_probe = None

    @rule(seconds=st.sampled_from([0.0, 0.1, 0.4, 2.0, 9.0, 41.0]))
    def time_passes(self, seconds):
        self.clock.advance(seconds)

    @rule(target=permits)
    def ask(self):
        state = self.breaker.standing.state
        due = self.breaker.next_probe_in()
        try:
            permit = self.breaker.admit()
        except CircuitOpenError:
            assert state is not State.CLOSED
            assert due is None or due > 0
            return None
        assert state is State.CLOSED or due == 0
        assert permit.is_probe == (state is not State.CLOSED)
        return permit

    @rule(permit=consumes(permits))
    def answer_well(self, permit):
        if permit is not None:
            self.settle(permit, lambda: self.breaker.succeeded(permit, began=self.clock()))

    @rule(permit=consumes(permits))
    def answer_badly(self, permit):
        if permit is not None:
            self.settle(permit, lambda: self.breaker.failed(permit, reason="refused"))

    @rule(permit=consumes(permits))
    def give_up(self, permit):
        if permit is not None:
            self.settle(permit, lambda: self.breaker.abandoned(permit))

    @rule(order=st.sampled_from(["force_open", "force_closed", "automatic", "reset"]))
    def order(self, order):
        getattr(self.breaker, order)()

    def settle(self, permit, report):
        before = self.breaker.standing
        report()
        if permit.generation != before.generation:
            assert self.breaker.standing is before, "A late answer changed the state."

    @invariant()
    def generations_rise_by_one(self):
        generations = [change.after.generation for change in self.changes]
        assert generations == list(range(1, len(generations) + 1))

    @invariant()
    def it_closes_only_from_half_open_or_by_order(self):
        for change in self.changes:
            if change.after.state is State.CLOSED and change.after.reason == "recovered":
                assert change.before.state is State.HALF_OPEN

    @invariant()
    def figures_add_up(self):
        breaker = self.breaker
        parts = breaker.successful_calls + breaker.failed_calls + breaker.rejected_calls
        assert breaker.total_calls == parts


AnyOrder.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestAnyOrder = AnyOrder.TestCase
