"""
How the web processes run: ``python -m gunicorn -c deploy/gunicorn.conf.py plinto.wsgi``.

Threads, because a request waits for PostgreSQL and Redis most of its time; several processes,
because one crash must not be an outage. SIGTERM finishes what was begun. Put a proxy that buffers
slow clients in front: a thread that waits for a body byte by byte serves nobody else.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from gunicorn.config import Config
from gunicorn.glogging import Logger

from plinto.kernel.environment import Environment
from plinto.kernel.logs import logging_config
from plinto.serving import WebProcess
from resilience.slots import Slots

ENVIRONMENT = Environment(os.environ)


class StructuredLogger(Logger):  # type: ignore[misc]  # no types
    """Sends Gunicorn's own lines through the pipeline that Django's lines take."""

    def setup(self, cfg: Config) -> None:  # noqa: ARG002 - Gunicorn passes it
        log_level = ENVIRONMENT.text("LOG_LEVEL", "INFO")
        logging_config(level=log_level)
        self.loglevel = logging.getLevelNamesMapping()[log_level]
        self.error_log.setLevel(self.loglevel)
        self.error_log.propagate = True


_port = ENVIRONMENT.whole("PORT", 8000, most=65_535)
bind = [f"{ENVIRONMENT.text('BIND', '127.0.0.1')}:{_port}"]
_metrics = ENVIRONMENT.address("METRICS_BIND")
if _metrics is not None:
    # Requests at the port of METRICS_BIND need no token, so nobody else may come in there.
    if _metrics.port == _port:
        raise ImproperlyConfigured("METRICS_BIND must have another port than PORT.")
    bind.append(f"[{_metrics.host}]:{_metrics.port}")
backlog = 2048


class Worker(WebProcess):
    drains_for = ENVIRONMENT.seconds("DRAIN_SECONDS", 5.0, least=0, most=300)
    longest_request = ENVIRONMENT.seconds("LONGEST_REQUEST", 60.0, least=1, most=3600)


worker_class = Worker
workers = ENVIRONMENT.whole("WEB_WORKERS", 2, most=256)
threads = ENVIRONMENT.whole("WEB_THREADS", 4, most=512)
# Each process opens its own pools and breakers; nothing is shared across the fork.
preload_app = False
# Recycling would hide a leak, and a new process begins with cold caches and a closed breaker.
max_requests = 0

# Longer than the 60 s after which common balancers drop an idle connection, so that they and not
# this server close it: the other order loses the request that is just being sent.
keepalive = 65
graceful_timeout = int(30 + Worker.drains_for)
timeout = 30
# The heartbeat is a file; on a disk that stalls, healthy workers would be killed.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108

# A SAML request in a query string is longer than the 4,094 bytes that are the default.
limit_request_line = 8190
limit_request_fields = 100
limit_request_field_size = 8190
# No header decides scheme or address here: plinto.kernel.origin judges the proxies.
forwarded_allow_ips = ""
# A command socket in the home directory is one more door, and nothing here knocks on it.
control_socket_disable = True

# Requests are logged by the middleware, with their ids.
accesslog = None
logger_class = StructuredLogger
proc_name = "plinto"


def on_starting(server: Any) -> None:  # noqa: ARG001 - Gunicorn passes it
    """Let metrics begin at zero, unless a process of this deployment still adds to them."""
    root = Path(__file__).resolve().parent.parent
    Slots(Path(ENVIRONMENT.text("VAR_DIR", str(root / "var"))) / "metrics").begin_anew()
