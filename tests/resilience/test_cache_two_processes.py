"""
Two processes on one Redis, each behind a network of its own that fails and heals in any order.

A delete binds the process that made it at once, and every process as soon as Redis has been told.
A write that was given up may show to the other process until its own has settled, never after.
"""

from __future__ import annotations

import time
from collections import defaultdict

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.errors import HypothesisException
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from tests.resilience.cache_process import CacheProcess, Report
from tests.resilience.conftest import eventually
from tests.servers.fault_proxy import FaultProxy
from tests.servers.redis import RedisServer

KEYS = ["a", "b"]
NEVER = -1


class Pair:
    """The server, and for each process its network."""

    def __init__(self, server: RedisServer) -> None:
        self.server = server
        self.proxies = [FaultProxy(("127.0.0.1", server.port)) for _ in range(2)]
        self.processes = [
            CacheProcess(f"redis://127.0.0.1:{proxy.port}/0") for proxy in self.proxies
        ]

    def heal(self) -> None:
        for proxy in self.proxies:
            proxy.set("ok")
        for process in self.processes:
            eventually(lambda process=process: process.tell("has_key", "x").is_settled, seconds=20)
        self.server.cli("FLUSHALL")

    def close(self) -> None:
        for process in self.processes:
            process.close()
        for proxy in self.proxies:
            proxy.close()


@pytest.fixture(scope="module")
def pair():
    with RedisServer.start() as server:
        pair = Pair(server)
        yield pair
        pair.close()


whom = st.sampled_from([0, 1])
key = st.sampled_from(KEYS)
modes = st.sampled_from(["refuse", "reset", "blackhole", "blackhole:0.05"])
changes = st.lists(st.tuples(st.sampled_from(["set", "add", "delete"]), key), max_size=4)


SETTINGS = settings(
    max_examples=16,
    stateful_step_count=100,
    deadline=None,
    derandomize=False,
    # A shorter example is not worth minutes of outages.
    phases=[Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


class TwoProcesses(RuleBasedStateMachine):
    """Each value is the number of its step, so an older one is a smaller one."""

    steps = 0
    broken: list[str] = []

    def __init__(self, pair: Pair) -> None:
        super().__init__()
        self.pair = pair
        self.pair.heal()
        self.history: list[str] = []
        self.now = 0
        self.counted = self.outages = self.settlings = 0
        # The last delete of each key: that each process made, and that Redis was told of.
        self.own = [dict.fromkeys(KEYS, NEVER) for _ in range(2)]
        self.shared = dict.fromkeys(KEYS, NEVER)
        # Values that Redis may yet write down for each process.
        self.given_up = [defaultdict(set), defaultdict(set)]

    def tell(self, who: int, method: str, *arguments, **options) -> Report:
        TwoProcesses.steps += 1
        self.now += 1
        report = self.pair.processes[who].tell(method, *arguments, **options)
        self.history.append(f"{self.now}: {who} {method} {arguments} {options} -> {report}")
        return report

    def check(self, is_kept: bool, promise: str) -> None:
        """Fail with what happened, since the second run of the same steps may end well."""
        if not is_kept:
            self.broken[:] = [*self.history, promise]
        assert is_kept, promise

    def learn(self, who: int, report: Report) -> None:
        if report.was_heard:
            for key, when in self.own[who].items():
                self.shared[key] = max(self.shared[key], when)
        if report.is_settled:
            self.given_up[who].clear()

    @rule(who=whom, key=key, method=st.sampled_from(["set", "set", "add"]))
    def put(self, who, key, method):
        value = self.now
        report = self.tell(who, method, key, value)
        self.learn(who, report)
        if report.was_local:
            self.given_up[who][key].add(value)

    @rule(who=whom, key=key)
    def delete(self, who, key):
        self.own[who][key] = self.now
        self.learn(who, self.tell(who, "delete", key))

    @rule(who=whom, act=st.sampled_from(["clear", "delete_many", "flush"]))
    def remove_all(self, who, act):
        if act == "flush":
            self.pair.server.cli("FLUSHALL")
            return
        self.own[who] = dict.fromkeys(KEYS, self.now)
        self.learn(who, self.tell(who, act, *([KEYS] if act == "delete_many" else [])))

    @rule(who=whom, key=key, stale=st.sampled_from(["never", "bounded"]))
    def get(self, who, key, stale):
        report = self.tell(who, "get", key, stale=stale)
        self.judge(who, key, report, stale=stale)
        self.learn(who, report)

    @rule(who=whom, stale=st.sampled_from(["never", "bounded"]))
    def get_many(self, who, stale):
        # One part of the answer may come from Redis and the other not; what holds for both:
        report = self.tell(who, "get_many", KEYS, stale=stale)
        for key, value in report.answer.items():
            is_newer = value > self.own[who][key] or value in self.given_up[1 - who][key]
            self.check(is_newer, "Its own delete did not bind it.")
        self.learn(who, report)

    @rule(who=whom)
    def count(self, who):
        self.tell(who, "add", "count", 0)
        self.counted += 1
        report = self.tell(who, "incr", "count")
        self.learn(who, report)
        self.check((report.answer or 0) <= self.counted, "It was counted twice.")

    @rule(who=whom, mode=modes)
    def lose(self, who, mode):
        self.history.append(f"{who} loses: {mode}")
        self.pair.proxies[who].set(mode)

    @rule(who=whom)
    def find_again(self, who):
        self.history.append(f"{who} finds again")
        self.pair.proxies[who].set("ok")

    @precondition(lambda self: self.settlings < 15)
    @rule(who=whom)
    def settle(self, who):
        self.settlings += 1
        self.find_again(who)
        eventually(lambda: self.tell(who, "has_key", "x").is_settled, seconds=20)
        self.learn(who, self.tell(who, "has_key", "x"))
        self.get_everywhere()

    # An outage takes half a second, and some examples would consist of nothing else.
    @precondition(lambda self: self.outages < 8)
    @rule(who=whom, mode=modes, changes=changes, reader=whom)
    def pass_through_an_outage(self, who, mode, changes, reader):
        self.outages += 1
        for key in KEYS:
            self.put(who, key, "set")
        self.lose(who, mode)
        for method, key in changes:
            self.delete(who, key) if method == "delete" else self.put(who, key, method)
        self.find_again(who)
        for _ in range(20):
            time.sleep(0.01)
            for key in KEYS:
                self.get(who, key, "never")
                self.get(reader, key, "bounded")

    @rule(seconds=st.sampled_from([0.005, 0.05, 0.15]))
    def wait(self, seconds):
        self.history.append(f"wait {seconds}")
        time.sleep(seconds)

    def get_everywhere(self):
        for who in (0, 1):
            for key in KEYS:
                self.get(who, key, "never")

    def judge(self, who: int, key: str, report: Report, *, stale: str) -> None:
        value, other = report.answer, 1 - who
        if value is None:
            return
        if report.was_local:
            self.check(stale == "bounded", "What this process kept was taken for Redis's word.")
            self.check(value > self.own[who][key], "Its own delete did not bind it.")
        elif value not in self.given_up[other][key]:
            self.check(value > self.own[who][key], "Its own delete did not bind it.")
            self.check(value > self.shared[key], "A delete that Redis was told of did not bind it.")


def test_no_process_reads_what_was_deleted(pair):
    TwoProcesses.steps = 0
    try:
        run_state_machine_as_test(lambda: TwoProcesses(pair), settings=SETTINGS)
    except (AssertionError, HypothesisException):
        pytest.fail("\n".join(TwoProcesses.broken))
    assert TwoProcesses.steps > 500
