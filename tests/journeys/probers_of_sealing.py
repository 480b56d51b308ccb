"""The prober of the sealed trail: what happens is sealed and signed, Redis or not."""

from __future__ import annotations

from collections.abc import Iterator

from audit import controls
from tests.journeys.scene import Scene, proves
from tests.servers.plinto import manage

_MISPLACED = """
SELECT count(*) FROM (
    SELECT sequence, previous_hash, row_number() OVER whole AS place,
           lag(sealed_hash, 1, decode(repeat('00', 32), 'hex')) OVER whole AS before
      FROM audit_row WHERE chain IS NOT NULL WINDOW whole AS (PARTITION BY chain ORDER BY sequence)
) AS placed WHERE sequence <> place OR previous_hash <> before
"""
_UNSEALED = "SELECT count(*) FROM audit_row WHERE sealed_hash IS NULL"
_UNSIGNED = "SELECT count(*) FROM audit_chain_head WHERE sequence > signed_sequence"


@proves(controls.SEALING)
def acts_are_sealed_and_signed(scene: Scene) -> Iterator[None]:
    owner = scene.signed_in()
    yield
    assert owner.send("PATCH", "/me", {"name": "Alice"}).status == 200
    for _ in range(2):  # the first turn may make the first key, which is an act too
        manage(
            *("run_worker", "--until-idle", "--queues", "sealing"),
            environment=scene.world.web.environment,
        )
    assert [scene.world.sql(query) for query in (_UNSEALED, _UNSIGNED, _MISPLACED)] == [[(0,)]] * 3
    kids = {kid for (kid,) in scene.world.sql("SELECT DISTINCT kid FROM audit_checkpoint")}
    assert kids
