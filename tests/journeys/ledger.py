"""What a crowd of clients saw, and whether it was right."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.journeys.clients import Answer, BrokenConnection
from tests.statistics import quantile


@dataclass
class Ledger:
    """Every answer of a crowd; ``wrong`` holds what should not have been, in words."""

    answers: list[tuple[str, Answer]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    opened_at: float = field(default_factory=time.monotonic)

    def expect(
        self,
        what: str,
        ask: Callable[[], Answer],
        *,
        status: int,
        holds: Callable[[Any], bool] = lambda _body: True,
    ) -> Answer | None:
        """Ask, and note the answer and whether it is the right one; None if there was none."""
        try:
            answer = ask()
        except BrokenConnection as error:
            self._note(f"{what}: {error}")
            return None
        self.answers.append((what, answer))
        if answer.status != status or not holds(answer.body):
            self._note(f"{what}: wanted {status}, got {answer.status} {answer.content!r}")
        return answer

    def _note(self, text: str) -> None:
        self.wrong.append(f"after {time.monotonic() - self.opened_at:.2f} s, {text}")

    def count(self) -> Counter[int]:
        """How many answers had which status."""
        return Counter(answer.status for _, answer in self.answers)


def summary(answers: Iterable[Answer]) -> str:
    """Number and times of answers, in one line."""
    seconds = [answer.seconds for answer in answers]
    if not seconds:
        return "no answers"
    p50, p99 = (quantile(seconds, share) * 1000 for share in (0.5, 0.99))
    return f"{len(seconds)} answers, p50 {p50:.0f} ms, p99 {p99:.0f} ms, worst {max(seconds):.2f} s"


def crowd(act: Callable[[int], None], *, size: int) -> list[threading.Thread]:
    """Start ``size`` threads that call ``act`` with 0 to ``size`` - 1."""
    threads = [threading.Thread(target=act, args=(number,)) for number in range(size)]
    for thread in threads:
        thread.start()
    return threads
