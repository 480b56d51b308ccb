"""Every metric that Plinto exports: its name, its labels, and what it says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """How the values of several processes become one."""

    COUNTER = "counter"
    HISTOGRAM = "histogram"
    SUM = "gauge_livesum"
    MAX = "gauge_livemax"
    # Not of a process: found out by the one that answers the scrape.
    ONE = "gauge"

    @property
    def is_gauge(self) -> bool:
        return self.value.startswith("gauge")


@dataclass(frozen=True, slots=True, eq=False)
class Measure:
    """Compared by identity. A counter's ``name`` is without the ``_total`` that Prometheus sees."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    meaning: str

    @property
    def exported_name(self) -> str:
        return f"{self.name}_total" if self.kind is Kind.COUNTER else self.name


_made: list[Measure] = []


def _new(name: str, kind: Kind, labels: str, meaning: str) -> Measure:
    measure = Measure(f"plinto_{name}", kind, tuple(labels.split()), meaning)
    _made.append(measure)
    return measure


HTTP_REQUESTS = _new(
    "http_requests",
    Kind.COUNTER,
    "method route status",
    "Requests that were answered.",
)
HTTP_SECONDS = _new(
    "http_request_seconds",
    Kind.HISTOGRAM,
    "route",
    "Seconds from the first line of a request to its answer.",
)
RATE_LIMITED = _new(
    "rate_limit_requests",
    Kind.COUNTER,
    "policy counted_in verdict",
    "Requests counted against a rate limit: admitted or refused, and by which store.",
)
BREAKER_CALLS = _new(
    "breaker_calls",
    Kind.COUNTER,
    "breaker outcome",
    "Calls to a dependency that succeeded, failed or were rejected unsent.",
)
BREAKER_SLOW = _new(
    "breaker_slow_calls",
    Kind.COUNTER,
    "breaker",
    "Calls that were answered too slowly; they are among the successes.",
)
BREAKER_MOVES = _new(
    "breaker_transitions",
    Kind.COUNTER,
    "breaker before after",
    "Moves of a breaker; half_open to open is a failed probe.",
)
BREAKERS = _new(
    "breakers",
    Kind.SUM,
    "breaker state",
    "Live processes whose breaker is in this state.",
)
BREAKER_STATE = _new(
    "breaker_state",
    Kind.MAX,
    "breaker",
    "The worst state in any live process: 0 closed, 1 half-open, 2 open.",
)
CACHE_READS = _new(
    "cache_reads",
    Kind.COUNTER,
    "outcome",
    "Keys that reads of the cache found (hit) or did not find (miss).",
)
COPY_READS = _new(
    "copy_reads",
    Kind.COUNTER,
    "outcome",
    "Copies of security facts that were found (hit), or whose rows were read instead (miss).",
)
TOKEN_READS = _new(
    "token_reads",
    Kind.COUNTER,
    "outcome",
    "Access tokens that were found verified (hit), or whose signature was looked at (miss).",
)
FALLBACK_CALLS = _new(
    "cache_fallback_calls",
    Kind.COUNTER,
    "",
    "Operations of the cache that the process answered by itself.",
)
FALLBACK_READS = _new(
    "cache_fallback_reads",
    Kind.COUNTER,
    "outcome",
    "Keys that reads found or did not find in the fallback.",
)
FALLBACK_ENTRIES = _new(
    "cache_fallback_entries",
    Kind.SUM,
    "",
    "Entries in the fallbacks of live processes.",
)
UNSETTLED = _new(
    "cache_unsettled_keys",
    Kind.SUM,
    "",
    "Keys changed while Redis could not be told, in live processes.",
)
POOL_CONNECTIONS = _new(
    "database_pool_connections",
    Kind.SUM,
    "state",
    "Pooled connections of live processes: open, idle among them, and the most there may be (max).",
)
POOL_WAITING = _new(
    "database_pool_waiting",
    Kind.SUM,
    "",
    "Threads that wait for a connection.",
)
POOL_WAIT = _new(
    "database_pool_wait_p95_seconds",
    Kind.MAX,
    "",
    "Seconds within which 95 in 100 waits for a connection end, in the process where it is worst.",
)
POOL_ERRORS = _new(
    "database_pool_errors",
    Kind.COUNTER,
    "",
    "Waits for a connection that ended in vain, and connections that could not be opened.",
)
WEBHOOK_TRIES = _new(
    "webhook_tries",
    Kind.COUNTER,
    "outcome",
    "Messages sent to receivers: delivered, to be sent again (failed), or given up (abandoned).",
)
WEBHOOK_SECONDS = _new(
    "webhook_seconds",
    Kind.HISTOGRAM,
    "",
    "Seconds from looking up a receiver to its answer, or to the end of waiting for it.",
)
LOCAL_PROCESSES = _new(
    "local_processes",
    Kind.SUM,
    "kind",
    "Live processes (web or worker) whose numbers are summed here: those of this machine.",
)
PROCESSES = _new(
    "processes",
    Kind.ONE,
    "kind",
    "Live processes of the whole deployment, by the rows they write about themselves.",
)
PROCESS_SEEN = _new(
    "process_last_seen_seconds",
    Kind.ONE,
    "kind",
    "Seconds since any process of this kind last described itself.",
)
QUEUE_DUE = _new(
    "queue_due_rows",
    Kind.ONE,
    "queue",
    "Rows that wait for a worker, counted to 100,000.",
)
QUEUE_OLDEST = _new(
    "queue_oldest_due_seconds",
    Kind.ONE,
    "queue",
    "Seconds for which the oldest due row has waited; 0 when none is due.",
)
QUEUE_ABANDONED = _new(
    "queue_abandoned_rows",
    Kind.ONE,
    "queue",
    "Rows that were given up within the last day.",
)
QUEUE_TRIES = _new(
    "queue_tries",
    Kind.COUNTER,
    "queue outcome",
    "Tries of single rows: done, failed and to be tried again, or abandoned for good.",
)
WORKER_TURNS = _new(
    "worker_turns",
    Kind.COUNTER,
    "turn outcome",
    "Turns of queues and chores that ended well (done), or by an error of their own (failed).",
)
AUDIT_UNSEALED = _new(
    "audit_unsealed_rows",
    Kind.ONE,
    "",
    "Rows of the trail that have no place in their chain yet; 100,000 are counted at most.",
)
AUDIT_SEAL_LAG = _new(
    "audit_seal_lag_seconds",
    Kind.ONE,
    "",
    "Seconds since the oldest of them was written; 0 when there is none.",
)
AUDIT_UNSIGNED = _new(
    "audit_unsigned_rows",
    Kind.ONE,
    "",
    "Rows that have their place and are under no signed checkpoint yet.",
)
SSO_CERTIFICATES = _new(
    "sso_ending_connections",
    Kind.ONE,
    "within",
    "Connections that are on and whose provider's certificates all end within 0, 1, 7 or 30 days.",
)
SSO_METADATA = _new(
    "sso_failing_metadata",
    Kind.ONE,
    "",
    "Connections that are on and whose provider cannot be asked for anything new.",
)
SSO_SERVICE_KEY = _new(
    "sso_service_key_seconds",
    Kind.ONE,
    "",
    "Seconds until the certificate of the key that signs for single sign-on ends; 0 without one.",
)
DEPENDENCY_UP = _new(
    "dependency_up",
    Kind.ONE,
    "dependency",
    "1 if the answering process found it well a second ago at most, else 0.",
)
READY = _new(
    "ready",
    Kind.ONE,
    "",
    "1 if signing in is possible, Redis or not; 0 if it is not, or could not be told in time.",
)
ROWS_READ = _new(
    "rows_read",
    Kind.ONE,
    "",
    "1 if this scrape has the figures that come from rows, 0 if the database gave none in time.",
)

MEASURES = tuple(_made)
