from __future__ import annotations

import os
import signal
import subprocess
import sys
import warnings

import pytest

from resilience.slots import Slots
from tests.resilience.conftest import eventually

HOLDER = """
import sys, time
from pathlib import Path
from resilience.slots import Slots
print(Slots(Path(sys.argv[1])).take().number, flush=True)
time.sleep(60)
"""


@pytest.fixture
def directory(tmp_path):
    return tmp_path / "metrics"


@pytest.fixture
def hold(root, directory):
    """Let another process take a slot; the test ends it."""
    running = []

    def start():
        command = [sys.executable, "-c", HOLDER, str(directory)]
        child = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True)
        running.append(child)
        child.slot = int(child.stdout.readline())
        return child

    yield start
    for child in running:
        child.kill()
        child.wait()
        child.stdout.close()


def gauges(slots: Slots) -> set[int]:
    files = [name for name in slots.files() if "gauge_" in name]
    return {int(name.rpartition("_")[2].removesuffix(".db")) for name in files}


def test_processes_hold_different_slots_and_the_lowest_free_one(hold):
    first, second = hold(), hold()
    assert (first.slot, second.slot) == (0, 1)
    first.kill()
    first.wait()
    assert hold().slot == 0


def test_a_killed_process_takes_its_gauges_along_and_leaves_its_counters(hold, directory):
    slots = Slots(directory)
    survivor, victim = hold(), hold()
    assert gauges(slots) == {survivor.slot, victim.slot}
    os.kill(victim.pid, signal.SIGKILL)
    victim.wait()
    assert gauges(slots) == {survivor.slot}
    assert len([name for name in slots.files() if "counter_" in name]) == 2


def test_a_hundred_restarts_leave_the_files_of_one_process(directory):
    slots = Slots(directory)
    for _ in range(100):
        slots.take().close()
    assert len(slots.files()) == 2
    assert len(list(directory.iterdir())) == 6


def test_looking_at_a_slot_does_not_take_it_away(directory):
    slots = Slots(directory)
    slot = slots.take()
    for _ in range(3):
        assert gauges(slots) == {slot.number}
    slot.close()
    assert gauges(slots) == set()


def test_counters_begin_anew_only_when_nobody_adds_to_them(hold, directory):
    slots = Slots(directory)
    holder = hold()
    slots.begin_anew()
    assert gauges(slots) == {holder.slot}
    holder.kill()
    holder.wait()
    slots.begin_anew()
    assert slots.files() == []


def test_beginning_anew_needs_nothing_to_be_there(directory):
    Slots(directory).begin_anew()
    assert not directory.exists()


def test_a_file_that_a_power_cut_tore_is_replaced(directory):
    slots = Slots(directory)
    slots.take().close()
    torn = directory / "counter_0.db"
    torn.write_bytes(b"\x40\x00\x00\x00" + bytes(4) + b"\xff" * (torn.stat().st_size - 8))
    slots.take().close()
    assert set(torn.read_bytes()) == {0}


def test_a_forked_child_that_lets_go_leaves_the_slot_to_its_parent(directory):
    slots = Slots(directory)
    slot = slots.take()
    with warnings.catch_warnings():
        # Python 3.12 and later warn of forks beside threads, of which the suite has some.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if not child:
        slot.close()
        os._exit(0)
    os.waitpid(child, 0)
    assert gauges(slots) == {slot.number}
    slot.close()
    eventually(lambda: gauges(slots) == set())
