"""
Places for the metrics files of processes: each holds one while it lives, the next continues it.

``prometheus_client`` names its files by process id. A thousand restarts would then leave a
thousand files to read at every scrape, and nobody could tell the gauges of the living from those
of the dead. Here the name is the number of a slot, held by a lock that the kernel takes back the
moment its process dies, however it dies. Whoever takes the slot next adds to the counters that
it finds, so they never go backwards, and there are as many files as processes at one time.
"""

from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client.mmap_dict import MmapedDict

# Names the library gives to the files of a process, by kind of metric.
COUNTERS = ("counter", "histogram")
GAUGES = ("gauge_livesum", "gauge_livemax")
# Several times what the largest file of a process holds with every label in use. The room is
# taken at the start: a disk that fills up later would kill the process at a write to the map.
FILE_BYTES = 1 << 20
_MOST_SLOTS = 1024


class Slots:
    """The slots of one deployment on one machine, in ``directory``."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def take(self) -> Slot:
        """
        Hold the lowest free slot until the process ends or closes it.

        :raises OSError: the directory cannot be written, the disk is full, or no slot is free
        """
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._alone():
            for number in range(_MOST_SLOTS):
                descriptor = os.open(self._lock_of(number), os.O_RDWR | os.O_CREAT, 0o600)
                if _is_locked_by(descriptor, fcntl.LOCK_EX):
                    slot = Slot(number, descriptor)
                    break
                os.close(descriptor)
            else:
                raise OSError(f"All {_MOST_SLOTS} slots in {self._directory} are taken.")
            try:
                self._prepare(number)
            except OSError:
                slot.close()
                raise
        return slot

    def files(self) -> list[str]:
        """List what a scrape reads: every counter, and the gauges of the living."""
        counters = [path for kind in COUNTERS for path in self._directory.glob(f"{kind}_*.db")]
        gauges = [
            path
            for kind in GAUGES
            for path in self._directory.glob(f"{kind}_*.db")
            if self._is_held(int(path.stem.rpartition("_")[2]))
        ]
        return [str(path) for path in counters + gauges]

    def begin_anew(self) -> None:
        """Let every counter begin at zero, unless a process still adds to one."""
        if not self._directory.is_dir():
            return
        with self._alone():
            locks = self._directory.glob("*.slot")
            if not any(self._is_held(int(path.stem)) for path in locks):
                for path in self._directory.glob("*.db"):
                    path.unlink()

    def _prepare(self, number: int) -> None:
        for kind in (*COUNTERS, *GAUGES):
            path = self._directory / f"{kind}_{number}.db"
            if kind in GAUGES or not _is_sound(path):
                _write_blank(path)

    def _is_held(self, number: int) -> bool:
        try:
            descriptor = os.open(self._lock_of(number), os.O_RDWR)
        except OSError:
            return False
        try:
            # Shared, so that two scrapes at once do not take each other for the holder.
            return not _is_locked_by(descriptor, fcntl.LOCK_SH)
        finally:
            os.close(descriptor)

    def _lock_of(self, number: int) -> Path:
        return self._directory / f"{number}.slot"

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep others from taking slots and from clearing up meanwhile."""
        descriptor = os.open(self._directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


class Slot:
    """A held slot; a forked child closes it, which leaves it to the parent."""

    def __init__(self, number: int, descriptor: int) -> None:
        self.number = number
        self._descriptor = descriptor

    def close(self) -> None:
        os.close(self._descriptor)


def _is_locked_by(descriptor: int, kind: int) -> bool:
    """Try to lock an open file, and tell whether that worked."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_sound(path: Path) -> bool:
    """Tell whether a predecessor left a file that can be continued; a power cut may not."""
    try:
        return path.stat().st_size >= FILE_BYTES and all(
            value >= 0
            for _, value, _, _ in MmapedDict.read_all_values_from_file(path)  # type: ignore[no-untyped-call]
        )
    except (OSError, RuntimeError, ValueError, struct.error):
        return False


def _write_blank(path: Path) -> None:
    # Beside its place and then moved there, so that no scrape meets a file without a head.
    draft = path.with_suffix(".draft")
    with draft.open("wb") as file:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, FILE_BYTES)
        else:
            file.write(bytes(FILE_BYTES))
    draft.replace(path)
