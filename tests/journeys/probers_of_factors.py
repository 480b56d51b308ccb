"""The prober of second factors: asked for, taken once, and not guessed."""

from __future__ import annotations

from collections.abc import Iterator

from accounts import controls
from tests.journeys.carriers import Carrier, carrier
from tests.journeys.scene import Scene, everywhere, proves
from tests.races import at_once

_GUESSES = 5  # accounts.services.attempts.FACTOR


@proves(controls.SECOND_FACTORS)
def factors_are_asked_for_and_taken_once(scene: Scene) -> Iterator[None]:
    owner, locked = _carrier(scene), _carrier(scene)
    spent = owner.phone.recovery_codes[0]
    assert owner.show(recovery_code=spent).status == 200
    assert [locked.show(code=locked.phone.wrong()).status for _ in range(2)] == [401] * 2
    yield
    # Without the factor there is a question and no session.
    assert "access" not in owner.visitor.sign_in().body
    code = owner.phone.code()
    assert owner.show(code=code).status == 200
    assert {owner.show(code=code).status for _ in range(2)} == {401}
    owner.let_half_a_minute_pass()
    tokens, code = [owner.ask() for _ in range(3)], owner.phone.code()
    racers = at_once(lambda n: owner.show(tokens[n], by=scene.caller(), code=code), times=3)
    assert sorted(answer.status for answer in racers) == [200, 401, 401]
    assert owner.show(recovery_code=spent).status == 401
    assert owner.show(recovery_code=owner.phone.recovery_codes[1]).status == 200
    assert owner.show(recovery_code=owner.phone.recovery_codes[1]).status == 401
    rest = [locked.show(code=locked.phone.wrong()).status for _ in range(_GUESSES - 2)]
    assert rest == [401] * (_GUESSES - 2)
    assert everywhere(lambda: locked.show(code=locked.phone.code())) == {429}
    assert locked.show(recovery_code=locked.phone.recovery_codes[0]).status == 429
    assert everywhere(locked.visitor.me) == {200}


def _carrier(scene: Scene) -> Carrier:
    return carrier(scene.world, scene.signed_in())
