"""
The degrade contract, row by row, against the production server while Redis is in a bad state.

The short form tries every row with Redis killed and with Redis stalled; ``JOURNEY_STATES=all``
tries every state that the contract names.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest

from resilience import contract
from resilience.policies import POLICIES
from tests.accounts.travellers import APP
from tests.journeys.clients import BrokenConnection
from tests.journeys.harms import HARMS, deployed_to_harm
from tests.journeys.ledger import summary
from tests.journeys.probers import PROBERS
from tests.journeys.probers_at_doors import RESENDS, STRANGERS
from tests.journeys.scene import AGREED, Scene
from tests.servers.identity_provider import IdentityProvider
from tests.servers.name_server import NameServer
from tests.servers.plinto import WorkerProcess
from tests.servers.postgres import PostgresServer
from tests.servers.receiver import Receiver
from tests.servers.smtp import SMTPSink

pytestmark = [pytest.mark.journey, pytest.mark.xdist_group("truth table")]

STATES = (
    contract.states("redis") if os.environ.get("JOURNEY_STATES") == "all" else ["gone", "stalled"]
)
CONTROLS = [control.name for control in contract.controls()]
# A request waits for Redis at most a few times a quarter of a second; the rest is the machine.
WORST = 6.0
# Generous but for what one prober uses up.
RATES = [
    *(f"{name}=1000000/60s" for name in POLICIES),
    f"resend={RESENDS}/600s",
    f"default.address={STRANGERS}/600s",
]


@dataclass
class Trial:
    """All probers at one deployment: begun while Redis was well, to be finished one by one."""

    scene: Scene
    _begun: dict[str, Iterator[None]] = field(default_factory=dict)
    _failed: dict[str, Exception] = field(default_factory=dict)

    def begin(self) -> None:
        for name, prober in PROBERS.items():
            self._begun[name] = prober(self.scene)
            try:
                next(self._begun[name])
            except (AssertionError, BrokenConnection, TimeoutError, ValueError) as failure:
                # Told by the test of this row, so that the others are still tried.
                self._failed[name] = failure

    def finish(self, name: str) -> None:
        if name in self._failed:
            raise self._failed[name]
        assert next(self._begun[name], "over") == "over", "A prober yields once."


@pytest.fixture(scope="module", params=STATES)
def trial(request: pytest.FixtureRequest, shared_postgres: PostgresServer) -> Iterator[Trial]:
    with ExitStack() as running:
        sink = running.enter_context(SMTPSink.start())
        idp = running.enter_context(IdentityProvider())
        names = running.enter_context(NameServer())
        hooks = running.enter_context(Receiver())
        variables = {"EMAIL_URL": sink.url, "LOG_LEVEL": "WARNING", "RATE_LIMITS": ",".join(RATES)}
        variables |= {**idp.variables(APP), **names.variables}
        variables["OUTBOUND_ALLOWED"] += f",127.0.0.1:{hooks.port}"
        variables["TERMS_VERSION"] = AGREED["terms_version"]
        deployment = deployed_to_harm(
            shared_postgres, HARMS[request.param], with_static=True, **variables
        )
        world, harm = running.enter_context(deployment)
        running.enter_context(WorkerProcess.start(world.web.environment))
        trial = Trial(Scene(world, sink, request.param, idp, names, hooks))
        trial.begin()
        harm()
        yield trial


# The first at each deployment, so that its requests are the ones that find Redis harmed.
def test_nobody_who_may_come_in_is_kept_waiting(trial: Trial, figure: Callable[[str], None]):
    visitors = [trial.scene.visitor() for _ in range(4)]
    answers = []
    for visitor in visitors:
        answers += [visitor.sign_in(), visitor.me(), visitor.go_on(), visitor.me()]
    figure(f"redis {trial.scene.state}: {summary(answers)}")
    assert {answer.status for answer in answers} == {200}
    assert max(answer.seconds for answer in answers) < WORST


@pytest.mark.parametrize("control", CONTROLS)
def test_what_the_contract_guarantees_holds(trial: Trial, control: str):
    trial.finish(control)
