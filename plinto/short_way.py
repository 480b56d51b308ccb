"""
Short ways: paths that are answered below Django's handler, where the answer is plain.

No rule stands here or in what derives from it: services judge, the middlewares' own functions give
a request its id, origin, budgets, line in the log and place in the metrics, and the headers of
every answer are those that Django gave the first one. Whatever else there is to say, refusals above
all, Django's view of the same path says.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from time import perf_counter
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from django.conf import settings
from structlog.contextvars import bind_contextvars, clear_contextvars

from plinto.kernel import database, handed_on, logs, origin
from plinto.kernel.origin import Origin
from resilience import deadline
from resilience.postgres import patience
from resilience.traffic import name_of, traffic

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# What trusted proxies say of TLS; any other word is for Django to understand.
_SCHEMES = {None, "http", "https"}
# Headers that each answer has for itself; the rest is the same whoever asks.
_OWN = ("X-Request-ID", "RateLimit", "RateLimit-Policy")
_Headers = list[tuple[str, str]]


class Answer(NamedTuple):
    """
    What one answer has for itself.

    ``named`` is who it was, for the line in the log, where that was not bound meanwhile.
    """

    headers: Iterable[tuple[str, str]]
    content: tuple[bytes, ...] = ()
    named: Mapping[str, str] | None = None


class ShortWay(ABC):
    """Stands before ``django``, and answers ``path`` in its place where the answer is plain."""

    path: ClassVar[str]
    status: ClassVar[str]

    def __init__(self, django: WSGIApplication) -> None:
        self._django = django
        self._code = int(self.status[:3])
        self._route = name_of(self.path.removeprefix("/"))
        # What answers of this path carry, whoever asks, by what says whether they came over TLS.
        self._usual: dict[tuple[str | None, str], _Headers] = {}

    @abstractmethod
    def is_plain(self, environ: WSGIEnvironment) -> bool:
        """Tell at a glance whether a request for the path is an ordinary one."""

    @abstractmethod
    def answer(self, environ: WSGIEnvironment, who: Origin) -> Answer | None:
        """
        Answer it; None if Django is to answer it after all.

        :raises Exception: it is refused, and Django's view is to say so
        """

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        # The address for monitoring has no such pages.
        is_ours = environ["PATH_INFO"] == self.path and not environ.get("plinto.is_private")
        if not (is_ours and self.is_plain(environ)):
            return self._django(environ, start_response)
        began = perf_counter()
        who = origin.of_environ(environ)
        scheme = environ.get("HTTP_X_FORWARDED_PROTO")
        if scheme not in _SCHEMES:
            return self._django(environ, start_response)
        kind = scheme, environ["wsgi.url_scheme"]
        usual = self._usual.get(kind)
        if usual is None:
            return self._django(environ, self._learning(kind, start_response))
        answer = self._answer(environ, who)
        if answer is None:
            # What was noted of it meanwhile has this id.
            environ["HTTP_X_REQUEST_ID"] = who.request_id
            return self._django(environ, start_response)
        start_response(self.status, [*usual, ("X-Request-ID", who.request_id), *answer.headers])
        self._note(environ["REQUEST_METHOD"], who, answer, seconds=perf_counter() - began)
        return answer.content

    def _answer(self, environ: WSGIEnvironment, who: Origin) -> Answer | None:
        # For lines that the judgement may write; the one of the request is told by name.
        clear_contextvars()
        bind_contextvars(request_id=who.request_id)
        patience.begin()
        try:
            with deadline.budget(settings.REDIS_TIMEOUT * deadline.SHARE):
                return self.answer(environ, who)
        except Exception as refusal:  # noqa: BLE001 - it is raised again in the view
            handed_on.leave(environ, refusal)
            return None
        finally:
            # Rows may have been asked; the connection goes back to the pool.
            database.give_back()
            patience.end()

    def _note(self, method: str, who: Origin, answer: Answer, *, seconds: float) -> None:
        status, named = self._code, answer.named
        traffic.count(method, self._route, status=status, seconds=seconds)
        if logs.tells_requests():
            logs.answered(
                method,
                self.path,
                status=status,
                seconds=seconds,
                address=who.address,
                bound=None if named is None else {"request_id": who.request_id, **named},
            )

    def _learning(
        self, kind: tuple[str | None, str], start_response: StartResponse
    ) -> StartResponse:
        def start(status: str, headers: _Headers, *rest: Any) -> Callable[[bytes], object]:
            if status == self.status:
                self._usual[kind] = [
                    (name, text)
                    for name, text in headers
                    if name not in _OWN and not name.startswith("X-Plinto-")
                ]
            return start_response(status, headers, *rest)

        return start
