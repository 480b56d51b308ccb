"""Structured logs: one JSON line per event on standard output, with secrets taken out."""

from __future__ import annotations

import json
import logging.config
import re
import sys
import time
from collections.abc import Mapping, MutableMapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson
import structlog
from structlog.contextvars import get_contextvars

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
    if _is_secret(name):
        return REDACTED
    if isinstance(value, str):
        return _SECRET_VALUES.sub(REDACTED, value) if _may_hide_one(value) else value
    if isinstance(value, dict):
        return {str(key): _clean(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_clean("", inner) for inner in value]
    return value


def _may_hide_one(text: str) -> bool:
    """Tell whether ``_SECRET_VALUES`` could match, which takes far longer to say no."""
    return "pl" in text or "eyJ" in text or "bearer" in text.lower()


@lru_cache(maxsize=1024)
def _is_secret(name: str) -> bool:
    return _SECRET_NAMES.search(name) is not None


def dumps(event: Any, **_: Any) -> str:
    """Render an event in ASCII, so that it is a line in whatever encoding the output has."""
    try:
        line = orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_UTC_Z)
    except TypeError:  # a lone surrogate, or a number beyond 64 bits
        return json.dumps(event, default=str)
    return line.decode("ascii") if line.isascii() else json.dumps(event, default=str)


_requests = logging.getLogger("plinto.kernel.middleware")
_ORDINARY = vars(logging.LogRecord(_requests.name, logging.INFO, __file__, 0, "", None, None))


class _Line(logging.LogRecord):
    """
    A record whose event has passed everything that structlog's pipeline does.

    The names of the process and of the thread, which logging looks up, stand on no line.
    """

    def __init__(self, event: dict[str, Any]) -> None:
        self.__dict__ = {**_ORDINARY, "msg": event, "created": time.time()}


class _Formatter(structlog.stdlib.ProcessorFormatter):
    def format(self, record: logging.LogRecord) -> str:
        return dumps(record.msg) if isinstance(record, _Line) else super().format(record)


def tells_requests() -> bool:
    """Tell whether ``answered`` writes anything; it need not be told what to write otherwise."""
    return _requests.isEnabledFor(logging.INFO)


def answered(
    method: str | None,
    path: str,
    *,
    status: int,
    seconds: float,
    address: str,
    bound: Mapping[str, Any] | None = None,
) -> None:
    """
    Write the line of one request, with what was bound while it was answered, or with ``bound``.

    It is what ``log.info("request.answered", …)`` would write, without the steps that only
    other events need: finding the caller, formatting a traceback, filtering by level again.
    """
    if not tells_requests():
        return
    event = {
        "method": _clean("method", method),
        "path": _clean("path", path),
        "status": status,
        "milliseconds": round(seconds * 1000, 1),
        "address": address,
        "event": "request.answered",
        **{
            name: _clean(name, value)
            for name, value in (get_contextvars() if bound is None else bound).items()
        },
        "logger": _requests.name,
        "level": "info",
        "timestamp": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
    }
    _requests.handle(_Line(event))


class LossyHandler(logging.StreamHandler[Any]):
    """
    Writes to a device that may be full: requests go on, and lines that found no room are counted.

    The first line that is written again is followed by one that says how many are missing, at most:
    the last few may have stood in a buffer and appear late.
    """

    missing = 0

    def emit(self, record: logging.LogRecord) -> None:
        missing = self.missing
        super().emit(record)
        if missing and self.missing == missing:
            self.missing = 0
            super().emit(_note_of(missing))

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name of logging
        if isinstance(sys.exc_info()[1], OSError):
            self.missing += 1
        else:
            super().handleError(record)


def _note_of(missing: int) -> logging.LogRecord:
    text = f"logs.missing {missing} lines"
    return logging.LogRecord(__name__, logging.ERROR, __file__, 0, text, None, None)


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
        structlog.processors.JSONRenderer(serializer=dumps),
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
                    "()": _Formatter,
                    "processors": final,
                    "foreign_pre_chain": shared,
                }
            },
            "handlers": {
                "standard_output": {
                    "()": LossyHandler,
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
