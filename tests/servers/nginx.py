"""nginx with a configuration of ours, in the foreground, as one process."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest

from tests.servers.process import ServerProcess, stopped_on_failure, temporary_directory

_MAIN = """
daemon off;
master_process off;
pid nginx.pid;
events {}
http {
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    include server.conf;
}
"""


def installed() -> str:
    """Find the program; without one the test is skipped, but fails where ``CI`` is set."""
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if found is None:
        refuse = pytest.fail if os.environ.get("CI") else pytest.skip
        refuse("There is no nginx on this machine: apt-get install nginx-light")
    return str(found)


@contextmanager
def running(files: Mapping[str, str], *, port: int) -> Iterator[None]:
    """Serve by ``server.conf`` among ``files``, which listens on ``port``, until the block ends."""
    program = installed()
    directory = temporary_directory("nginx")
    for name, text in {"main.conf": _MAIN, **files}.items():
        (directory / name).write_text(text)
    process = ServerProcess(
        [program, "-p", str(directory), "-c", "main.conf", "-e", "stderr"],
        log=directory / "nginx.log",
        environment=dict(os.environ),
        directory=directory,
    )
    with stopped_on_failure(process):
        process.wait_until(lambda: _listens(port), seconds=30)
    try:
        yield
    finally:
        process.stop()
        shutil.rmtree(directory)


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
