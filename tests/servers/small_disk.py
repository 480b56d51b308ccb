"""A file system so small that a test can fill it; only root may mount one."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.servers.process import temporary_directory

_CHUNK = bytes(1 << 20)


@dataclass(frozen=True, slots=True)
class SmallDisk:
    """What stands at ``path`` shares a few MiB."""

    path: Path

    @contextmanager
    def full(self) -> Iterator[None]:
        """Leave no byte free until the block ends."""
        ballast = self.path / "ballast"
        try:
            with suppress(OSError), ballast.open("wb", buffering=0) as file:
                # A write that finds less room than it needs takes what there is.
                while True:
                    file.write(_CHUNK)
            yield
        finally:
            ballast.unlink(missing_ok=True)


@contextmanager
def small_disk(*, mib: int) -> Iterator[SmallDisk]:
    """Mount a disk of so many MiB, in memory; skip the test where nothing can be mounted."""
    path = temporary_directory("disk")
    try:
        _mount(path, options=f"size={mib}m,mode=0755")
        try:
            yield SmallDisk(path)
        finally:
            # Lazily: what still holds a file there must not keep the directory.
            subprocess.run(["umount", "--lazy", path], check=True)
    finally:
        path.rmdir()


def _mount(path: Path, *, options: str) -> None:
    command = ["mount", "-t", "tmpfs", "-o", options, "plinto-tests", path]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        words = getattr(error, "stderr", "") or str(error)
        pytest.skip(f"No small disk can be mounted here: {words.strip()}")
