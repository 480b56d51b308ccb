"""
``make run``: Plinto on one machine, with nothing installed but Python.

Makes what is missing below ``var/`` (secrets, database, signing key, first administrator), starts
the web server and the worker, shows how to talk to them, and stops both together. Variables that
are set in the environment win over what stands here.
"""

from __future__ import annotations

import os
import secrets
import shlex
import signal
import socket
import subprocess
import sys
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parent.parent
ADMINISTRATOR = "admin@example.com"
_STARTS_WITHIN_SECONDS = 30.0
_STOPS_WITHIN_SECONDS = 35.0


def main() -> int:
    """Run until interrupted; return the exit status."""
    environment = _environment(dict(os.environ))
    port = environment["PORT"]
    if not _is_free(int(port)):
        _say(f"Port {port} is taken. Choose another: make run PORT=8080")
        return 1
    prepare = _manage("prepare", "--administrator", ADMINISTRATOR)
    if subprocess.run(prepare, env=environment, cwd=ROOT, check=False).returncode:
        return 1
    with _running(environment) as children:
        if not _answers(f"http://127.0.0.1:{port}/health/ready", children):
            _say("The server did not start; its messages are above.")
            return 1
        _say(_welcome(environment))
        while all(child.poll() is None for child in children):
            time.sleep(0.5)
        _say("One of the processes has ended; stopping the other.")
    return 1


def _environment(given: dict[str, str]) -> dict[str, str]:
    port = given.get("PORT", "8000")
    var = Path(given.get("VAR_DIR", ROOT / "var"))
    defaults = {
        "VAR_DIR": str(var),
        "PORT": port,
        "PUBLIC_URL": f"http://localhost:{port}",
        "WEB_WORKERS": "1",
        "DRAIN_SECONDS": "0",
        "LOG_LEVEL": "WARNING",
        "PYTHONUNBUFFERED": "1",
    }
    return {**defaults, **_secrets(var), **{name: text for name, text in given.items() if text}}


def _secrets(var: Path) -> dict[str, str]:
    """Read the secrets of this machine; make them at the first run, readable by nobody else."""
    var.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = var / "secrets.env"
    if not path.exists():
        field_key = urlsafe_b64encode(secrets.token_bytes(32)).decode()
        text = f"SECRET_KEY={secrets.token_urlsafe(48)}\nFIELD_KEYS={field_key}\n"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
    lines = path.read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


@contextmanager
def _running(environment: Mapping[str, str]) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Start the web server and the worker; stop both, however the block is left."""
    signal.signal(signal.SIGTERM, _interrupt)
    commands = [[sys.executable, "-m", "plinto.serve"], _manage("run_worker")]
    children: list[subprocess.Popen[bytes]] = []
    try:
        # Sessions of their own: Ctrl-C reaches this process alone, which stops them in order.
        children.extend(
            subprocess.Popen(command, env=environment, cwd=ROOT, start_new_session=True)
            for command in commands
        )
        yield children
    except KeyboardInterrupt:
        _say("Stopping.")
        sys.exit(0)
    finally:
        for child in children:
            child.terminate()
        for child in children:
            try:
                child.wait(_STOPS_WITHIN_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _manage(*words: str) -> list[str]:
    return [sys.executable, str(ROOT / "manage.py"), *words]


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _answers(url: str, children: list[subprocess.Popen[bytes]]) -> bool:
    end = time.monotonic() + _STARTS_WITHIN_SECONDS
    while time.monotonic() < end and all(child.poll() is None for child in children):
        try:
            with urlopen(url, timeout=2):  # noqa: S310 - our own address
                return True
        except OSError:  # refused so far, or taken by a server that is still loading
            time.sleep(0.2)
    return False


def _welcome(environment: Mapping[str, str]) -> str:
    url = environment["PUBLIC_URL"]
    mail = Path(environment["VAR_DIR"]) / "mail"
    transcript = (ROOT / "docs" / "quickstart.sh").read_text()
    transcript = transcript.replace("http://localhost:8000", url)
    if mail != ROOT / "var" / "mail":
        transcript = transcript.replace("var/mail", shlex.quote(str(mail)))
    return (
        f"\nPlinto is running. Ctrl-C stops it.\n\n"
        f"  API        {url}/api/v1  (documentation: {url}/api/v1/docs)\n"
        f"  Admin      {url}/admin/  (sign in as {ADMINISTRATOR})\n"
        f"  Health     {url}/health/ready\n"
        f"  Mail       {mail}, and here\n\n"
        f"Paste this into another terminal, in this directory:\n\n" + transcript
    )


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
