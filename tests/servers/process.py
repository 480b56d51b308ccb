"""One child process: its log, its signals, its end."""

from __future__ import annotations

import ctypes
import os
import pwd
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

import psutil

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


class ServerError(RuntimeError):
    """A server did not start, or was asked for something it cannot do; the text holds its log."""


def free_port() -> int:
    """Return a TCP port of the loopback address that nobody listens on at this moment."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def temporary_directory(name: str, *, account: pwd.struct_passwd | None = None) -> Path:
    """
    Create a directory that ``account`` owns and can reach.

    A temporary directory below a closed home would be out of reach for the unprivileged account
    that PostgreSQL needs, so the usual places are tried in turn.
    """
    for parent in (tempfile.gettempdir(), "/tmp", "/var/tmp"):
        if account is None or is_reachable(Path(parent)):
            directory = Path(tempfile.mkdtemp(prefix=f"plinto-{name}-", dir=parent))
            if account is not None:
                os.chown(directory, account.pw_uid, account.pw_gid)
            return directory
    raise ServerError(f"No temporary directory is open to {account.pw_name}.")


def is_reachable(path: Path) -> bool:
    """Tell whether every account may walk down to ``path``."""
    places = [path.resolve(), *path.resolve().parents]
    return all(place.stat().st_mode & stat.S_IXOTH for place in places)


class Stoppable(Protocol):
    """Whatever holds a process or files until it is told to let go."""

    def stop(self) -> object: ...


@contextmanager
def stopped_on_failure(server: Stoppable) -> Iterator[None]:
    """Leave neither process nor files behind when a start fails half-way."""
    try:
        yield
    except BaseException:
        server.stop()
        raise


class ServerProcess:
    """
    A child process in its own session, so that Ctrl-C reaches the suite first.

    On Linux the kernel ends the child when its parent dies, however it dies. Start it from the
    main thread: the kernel takes the end of the starting thread for the end of the parent.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        log: Path,
        environment: Mapping[str, str] | None = None,
        directory: Path | None = None,
        account: pwd.struct_passwd | None = None,
        last_wish: signal.Signals = signal.SIGTERM,
    ) -> None:
        self._log = log
        owner = {}
        if account is not None:
            owner = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        with log.open("ab") as output:
            self._child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=directory,
                env=None if environment is None else dict(environment),
                start_new_session=True,
                preexec_fn=_dies_with_parent(last_wish),
                **owner,
            )

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def is_running(self) -> bool:
        return self._child.poll() is None

    def log_tail(self, lines: int = 40) -> str:
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-lines:])

    def children(self) -> list[int]:
        """List the direct children that still run, oldest first."""
        if not self.is_running:
            return []
        alive = []
        for child in psutil.Process(self.pid).children():
            with suppress(psutil.NoSuchProcess):
                if child.status() != psutil.STATUS_ZOMBIE:
                    alive.append((child.create_time(), child.pid))
        return [pid for _, pid in sorted(alive)]

    def send(self, kind: signal.Signals) -> None:
        if self.is_running:
            os.kill(self.pid, kind)

    def kill(self) -> None:
        """End it as a crash would."""
        self.send(signal.SIGKILL)
        self._child.wait(10)

    def stop(self, kind: signal.Signals = signal.SIGTERM, *, seconds: float = 10) -> int:
        """Ask it to end, insist after ``seconds``, and return its exit status."""
        self.send(signal.SIGCONT)
        self.send(kind)
        try:
            return self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return self._child.wait(10)

    def wait_until(self, ready: Callable[[], bool], *, seconds: float) -> None:
        """
        Return once ``ready`` says yes.

        :raises ServerError: it ended, or ``seconds`` passed
        """
        deadline = time.monotonic() + seconds
        while self.is_running and time.monotonic() < deadline:
            if ready():
                return
            time.sleep(0.02)
        state = "is not ready" if self.is_running else f"ended with {self._child.returncode}"
        name = Path(str(self._child.args[0])).name
        raise ServerError(f"{name} {state} after its start:\n{self.log_tail()}")


def _dies_with_parent(last_wish: signal.Signals) -> Callable[[], None] | None:
    # The library is loaded before the fork: between fork and exec little else is safe.
    libc = _libc
    return None if libc is None else lambda: libc.prctl(_PR_SET_PDEATHSIG, int(last_wish))
