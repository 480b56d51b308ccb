"""Plinto itself, started the way production starts it."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil

from tests.servers.environment import production_environment
from tests.servers.process import (
    ServerError,
    ServerProcess,
    free_port,
    stopped_on_failure,
    temporary_directory,
)

ROOT = Path(__file__).resolve().parents[2]


def _is_stopped(pid: int) -> bool:
    """Tell whether every thread of a process is stopped."""
    threads = Path("/proc", str(pid), "task").glob("*/stat")
    return all(each.read_text().rpartition(") ")[2].startswith("T") for each in threads)


def manage(*words: str, environment: Mapping[str, str]) -> str:
    """
    Run ``manage.py`` to its end and return what it printed.

    :raises ServerError: it failed; the text holds both streams
    """
    answer = subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if answer.returncode:
        raise ServerError(f"manage.py {words[0]} failed:\n{answer.stdout}\n{answer.stderr}")
    return answer.stdout


class PlintoServer:
    """
    The web processes: what ``make serve`` runs, on a free port, after ``manage.py prepare``.

    ``environment`` is complete and may be handed to ``WorkerProcess`` and ``manage``.
    """

    def __init__(
        self, *, port: int, directory: Path, environment: dict[str, str], application: str
    ) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.environment = environment
        self._directory = directory
        self._application = application
        self._process: ServerProcess | None = None

    @classmethod
    def start(
        cls,
        *,
        with_static: bool = False,
        application: str = "plinto.wsgi",
        public_host: str = "127.0.0.1",
        **variables: str,
    ) -> PlintoServer:
        """
        Serve with ``variables`` such as ``DATABASE_URL``, ``REDIS_URL`` and ``WEB_WORKERS``.

        ``with_static`` collects the files of the admin first, which takes seconds. Without
        ``DATABASE_URL`` the data are in SQLite, without ``REDIS_URL`` there is no Redis. Passkeys
        want a ``public_host`` with a name.
        """
        port = free_port()
        directory = temporary_directory("web")
        environment = production_environment(
            var_dir=directory / "var",
            **{
                "PORT": str(port),
                "BIND": "127.0.0.1",
                # No balancer has to notice that a server of a test stops.
                "DRAIN_SECONDS": "0",
                "PUBLIC_URL": f"http://{public_host}:{port}",
                **variables,
            },
        )
        server = cls(
            port=port, directory=directory, environment=environment, application=application
        )
        with stopped_on_failure(server):
            if with_static:
                manage("prepare", environment=environment)
            else:
                manage("migrate", "--no-input", environment=environment)
                manage("rotate_signing_key", "--if-none", environment=environment)
            server.launch()
        return server

    @property
    def pid(self) -> int:
        return self._running().pid

    @property
    def mail_directory(self) -> Path:
        """Where mail goes unless ``EMAIL_URL`` says otherwise."""
        return self._directory / "var" / "mail"

    def launch(self) -> None:
        """Start the processes, again after ``terminate`` or ``kill``."""
        self._process = ServerProcess(
            [sys.executable, "-m", "plinto.serve", self._application],
            log=self._directory / "web.log",
            environment=self.environment,
            directory=ROOT,
        )
        self._process.wait_until(self._is_live, seconds=60)

    def worker_pids(self) -> list[int]:
        """List the worker processes, oldest first."""
        return self._running().children()

    @contextmanager
    def only(self, pid: int) -> Iterator[None]:
        """Let only one worker answer; the others are stopped for the length of the block."""
        others = [psutil.Process(each) for each in self.worker_pids() if each != pid]
        for process in others:
            process.suspend()
        # A thread that is not stopped yet would take the next connection, and keep it.
        for process in others:
            while not _is_stopped(process.pid):
                time.sleep(0.001)
        try:
            yield
        finally:
            for process in others:
                process.resume()

    def kill_worker(self) -> int:
        """End the oldest worker with SIGKILL and return the process id that is no more."""
        pid = self.worker_pids()[0]
        os.kill(pid, signal.SIGKILL)
        return pid

    def kill(self) -> None:
        """End all of it as a power cut would."""
        process = self._running()
        workers = process.children()
        process.kill()
        for pid in workers:
            os.kill(pid, signal.SIGKILL)

    def terminate(self, *, seconds: float = 40) -> int:
        """Stop as a deployment does, with SIGTERM, and return the exit status."""
        return self._running().stop(signal.SIGTERM, seconds=seconds)

    def log(self) -> str:
        return self._running().log_tail(lines=100_000)

    def stop(self) -> None:
        """End it within seconds, requests or not, and remove its files."""
        if self._process is not None:
            self._process.stop(signal.SIGINT, seconds=5)
        shutil.rmtree(self._directory, ignore_errors=True)

    def __enter__(self) -> PlintoServer:
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def _running(self) -> ServerProcess:
        if self._process is None:
            raise ServerError("The web processes were never started.")
        return self._process

    def _is_live(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/health/live")
            return connection.getresponse().status == http.client.OK
        except OSError:
            return False
        finally:
            connection.close()


class WorkerProcess:
    """``manage.py run_worker``: mail and everything else that happens outside a request."""

    def __init__(self, environment: Mapping[str, str], *words: str) -> None:
        self._environment = dict(environment)
        self._words = words
        self._directory = temporary_directory("worker")
        self._process = self._launch()

    @classmethod
    def start(cls, environment: Mapping[str, str], *words: str) -> WorkerProcess:
        """Start one with the environment of a ``PlintoServer``, and ``--queues=…`` if need be."""
        return cls(environment, *words)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process.is_running

    def kill(self) -> None:
        """End it with SIGKILL, in the middle of whatever it does."""
        self._process.kill()

    def restart(self) -> None:
        self._process.stop(signal.SIGTERM)
        self._process = self._launch()

    def log(self) -> str:
        return self._process.log_tail(lines=100_000)

    def stop(self) -> int:
        """Ask it to finish what it holds, and return its exit status."""
        status = self._process.stop(signal.SIGTERM)
        shutil.rmtree(self._directory, ignore_errors=True)
        return status

    def __enter__(self) -> WorkerProcess:
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def _launch(self) -> ServerProcess:
        return ServerProcess(
            [sys.executable, "manage.py", "run_worker", *self._words],
            log=self._directory / "worker.log",
            environment=self._environment,
            directory=ROOT,
        )
