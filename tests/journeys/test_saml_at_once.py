"""
One accepted assertion, posted twenty times at once to two workers, with Redis up and killed.

Of twenty posts one is taken, and one session comes of it.
"""

from __future__ import annotations

import pytest

from tests.journeys.corporations import Browser, code_in, connected
from tests.journeys.ledger import summary
from tests.races import at_once

pytestmark = pytest.mark.journey

TWINS = 20


@pytest.mark.asvs("6.8.3")
def test_of_twenty_posts_of_one_assertion_one_becomes_a_session(deploy, figure):
    world = deploy(with_static=True)
    [email] = world.populate(1)
    owner = world.visitor(email)
    assert owner.sign_in().status == 200
    corp = connected(world, owner)
    for state in ("up", "killed"):
        if state == "killed":
            world.redis.kill()
        browser = Browser(world.caller(is_kept=False))
        asked = corp.begin(browser)
        value = corp.answer(asked, state)
        callers = [world.caller(is_kept=False) for _ in range(TWINS)]
        answers = at_once(
            lambda twin, callers=callers, value=value, state=asked.relay_state: corp.post(
                callers[twin], value, state
            ),
            times=TWINS,
        )
        figure(summary(answers))
        [posted] = [answer for answer in answers if answer.status == 303]
        assert {answer.status for answer in answers} == {303, 400}
        code = code_in(corp.come_back(browser, posted))
        answers = at_once(
            lambda twin, callers=callers, browser=browser, code=code: browser.exchange(
                code, by=callers[twin]
            ),
            times=TWINS,
        )
        assert sorted(answer.status for answer in answers) == [200] + [401] * (TWINS - 1)
        assert corp.sessions() == {"up": 1, "killed": 2}[state]
        replayed = corp.post(world.caller(is_kept=False), value, asked.relay_state)
        assert replayed.status == 400
    assert len(corp.refusals()) >= 2 * TWINS
