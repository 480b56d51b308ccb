"""Structured logs: one JSON line per event on standard output, with secrets taken out."""

from __future__ import annotations

import logging.config
import re
from collections.abc import MutableMapping
from typing import Any

import structlog

REDACTED = "[redacted]"

_SECRET_NAMES = re.compile(
    r"password|passwd|secret|token|refresh|authorization|cookie|api_?key|private|signature"
    r"|^code$|_code$|handle|registration",
    re.IGNORECASE,
)
# Values that are secrets wherever they stand: bearer headers, JWTs, and Plinto's own prefixes.
_SECRET_VALUES = re.compile(
    r"(?i:bearer\s+\S+)|eyJ[\w-]{8,}\.[\w-]+\.[\w-]*|\bpl[a-z]{1,2}_[\w-]{16,}"
)


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Any:
    """Replace every secret in a log event, by the name of its field or by its look."""
    return {name: _clean(name, value) for name, value in event.items()}


def _clean(name: str, value: Any) -> Any:
    if _SECRET_NAMES.search(name):
        return REDACTED
    if isinstance(value, str):
        return _SECRET_VALUES.sub(REDACTED, value)
    if isinstance(value, dict):
        return {str(key): _clean(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_clean("", inner) for inner in value]
    return value


def logging_config(*, level: str) -> None:
    """Send structlog's and the standard library's records through one pipeline."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    final: list[Any] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        redact,
        structlog.processors.JSONRenderer(default=str),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "json": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "processors": final,
                    "foreign_pre_chain": shared,
                }
            },
            "handlers": {
                "standard_output": {
                    "class": "logging.StreamHandler",
                    "stream": "ext://sys.stdout",
                    "formatter": "json",
                }
            },
            "root": {"handlers": ["standard_output"], "level": level},
            "loggers": {
                # The pool warns once per failed connection attempt; transitions are logged by us.
                "psycopg.pool": {"level": "ERROR"},
                # Refusals are logged with their reason by the mapper; Django's line repeats them.
                "django.request": {"level": "ERROR"},
            },
        }
    )
