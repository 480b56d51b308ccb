"""The prober of the sealed trail: what happens is sealed and signed, Redis or not."""

from __future__ import annotations

from collections.abc import Iterator

from audit import controls
from tests.journeys.scene import Scene, proves
from tests.journeys.waiting import eventually

_SIGNED = """
SELECT count(*) FROM audit_row AS row JOIN audit_checkpoint AS checkpoint
    ON checkpoint.chain = row.chain AND row.sequence BETWEEN checkpoint.first AND checkpoint.last
 WHERE row.actor_id = %s AND row.action = 'user.updated'
"""
_MISPLACED = """
SELECT count(*) FROM (
    SELECT sequence, previous_hash, row_number() OVER whole AS place,
           lag(sealed_hash, 1, decode(repeat('00', 32), 'hex')) OVER whole AS before
      FROM audit_row WHERE chain IS NOT NULL WINDOW whole AS (PARTITION BY chain ORDER BY sequence)
) AS placed WHERE sequence <> place OR previous_hash <> before
"""


@proves(controls.SEALING)
def acts_are_sealed_and_signed(scene: Scene) -> Iterator[None]:
    owner = scene.signed_in()

    def signed() -> int:
        ((count,),) = scene.world.sql(_SIGNED, owner.user_id)
        return int(count)

    assert owner.send("PATCH", "/me", {"name": "Alice"}).status == 200
    eventually(lambda: signed() == 1, seconds=60)
    yield
    assert owner.send("PATCH", "/me", {"name": "Ada"}).status == 200
    eventually(lambda: signed() == 2, seconds=60)
    assert scene.world.sql(_MISPLACED) == [(0,)]
