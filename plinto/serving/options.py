"""How the web processes run, read from the environment."""

from __future__ import annotations

import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from plinto.kernel.environment import Address, Environment

ROOT = Path(__file__).resolve().parent.parent.parent
ENVIRONMENT = Environment(os.environ)

ADDRESS = Address(
    ENVIRONMENT.text("BIND", "127.0.0.1"), ENVIRONMENT.whole("PORT", 8000, most=65_535)
)
METRICS_ADDRESS = ENVIRONMENT.address("METRICS_BIND")
if METRICS_ADDRESS is not None and METRICS_ADDRESS.port == ADDRESS.port:
    # Requests at the port of METRICS_BIND need no token, so nobody else may come in there.
    raise ImproperlyConfigured("METRICS_BIND must have another port than PORT.")

WORKERS = ENVIRONMENT.whole("WEB_WORKERS", 2, most=256)
THREADS = ENVIRONMENT.whole("WEB_THREADS", 4, most=512)
HAS_CORES = ENVIRONMENT.flag("WEB_CPU_AFFINITY", default=False)
if HAS_CORES and not hasattr(os, "sched_setaffinity"):
    raise ImproperlyConfigured("WEB_CPU_AFFINITY must be off: this system binds no thread.")
DRAINS_FOR = ENVIRONMENT.seconds("DRAIN_SECONDS", 5.0, least=0, most=300)
LONGEST_REQUEST = ENVIRONMENT.seconds("LONGEST_REQUEST", 60.0, least=1, most=3600)
LOG_LEVEL = ENVIRONMENT.text("LOG_LEVEL", "INFO")
METRICS_DIRECTORY = Path(ENVIRONMENT.text("VAR_DIR", str(ROOT / "var"))) / "metrics"

# Connections that wait to be taken, in the kernel.
BACKLOG = 2048
# Connections that a process holds at once; the others wait in the backlog.
CONNECTIONS = 2048
# Longer than the 60 s after which common balancers drop an idle connection, so that they and not
# this server close it: the other order loses the request that is just being sent. A request's
# head has as long to arrive; no thread waits for it.
KEPT_FOR = 65.0
# A head may be as long as this. One header is 8 KiB with common proxies, a SAML request in a
# query string more than four.
HEAD_BYTES = 32 << 10
# Begun requests are finished within this many seconds after a process took its last connection.
FINISHES_WITHIN = 30.0
