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
        read_only=refuse(
            "Readiness is 503, because a sign-in writes its session; what is signed in and only "
            "reads goes on."
        ),
        busy=enforce(
            "Processes stay ready: readiness has a connection of its own, and taking one process "
            "out would make the others busier."
        ),
    ),
    mail=Mail.always(enforce("Processes stay ready; letters wait.")),
)

_BY_OTHERS = stricter(
    "Sign-ins and the like are counted in the database at half their limit and everything else by "
    "each process for its share, less what Redis last told."
)
_BY_REDIS = enforce(
    "Redis counts; if it is gone too, sign-ins and the like answer 503, and each process counts "
    "everything else for its share."
)
REQUEST_RATES = Control(
    name="request rates",
    truth="a sliding window in Redis, and without it the counter's row or the process",
    rows=("resilience.Counter",),
    redis=Redis(
        gone=_BY_OTHERS,
        stalled=_BY_OTHERS,
        slow=_BY_OTHERS,
        read_only=_BY_OTHERS,
        empty=enforce(
            "Windows begin anew with the full limit, less what was counted without Redis; lockout "
            "does not begin anew."
        ),
    ),
    database=Database.always(_BY_REDIS),
    mail=Mail.always(enforce("No letter is involved.")),
)

CONTROLS = (CACHE_READS, READINESS, REQUEST_RATES)
