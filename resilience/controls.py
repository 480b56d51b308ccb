"""What this layer promises by itself, as rows of the degrade contract."""

from __future__ import annotations

from resilience.contract import Control, Database, Mail, Redis, enforce, refuse, stricter

_OWN_ENTRIES = stricter(
    "Once the circuit is open, a cached read answers only what its own process wrote since, and "
    "nothing at all where a decision rests on it; the row is read instead."
)
CACHE_READS = Control(
    name="cache reads",
    truth="the row behind each entry",
    redis=Redis(
        gone=_OWN_ENTRIES,
        stalled=_OWN_ENTRIES,
        slow=_OWN_ENTRIES,
        read_only=_OWN_ENTRIES,
        empty=enforce("A cached read misses, and the row is read."),
    ),
    database=Database.always(enforce("The cache answers what it has; it asks no database.")),
    mail=Mail.always(enforce("The cache sends no mail.")),
)

READINESS = Control(
    name="readiness",
    truth="a query, and the migrations that are applied",
    redis=Redis.always(enforce("Processes stay ready, and say what is missing.")),
    database=Database(
        gone=refuse("Readiness is 503, liveness 200, and both heal without a restart."),
        read_only=enforce("Processes stay ready, because reading goes on."),
        busy=enforce(
            "Processes stay ready: readiness has a connection of its own, and taking one process "
            "out would make the others busier."
        ),
    ),
    mail=Mail.always(enforce("Processes stay ready; letters wait.")),
)

CONTROLS = (CACHE_READS, READINESS)
