"""The memory that passwords take is bounded by the slots, whoever asks for the hashes."""

from __future__ import annotations

import subprocess
import sys

from tests.servers.environment import production_environment

# Weighs the process at its heaviest: what it held when the first hash was done is not counted.
STORM = """
import django
django.setup()
import resource, threading
from accounts.services import passwords

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

def hashes():
    for _ in range(6):
        passwords.encode("correct horse battery staple")

hashes()
before = peak()
threads = [threading.Thread(target=hashes) for _ in range(16)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(peak() - before)
"""
SLOTS = 2
HASH_MIB = 19


def test_sixteen_threads_that_hash_hold_the_memory_of_two_slots(tmp_path):
    environment = production_environment(var_dir=tmp_path, HASH_SLOTS=str(SLOTS))
    environment["DJANGO_SETTINGS_MODULE"] = "plinto.settings"
    grown = subprocess.run(
        [sys.executable, "-c", STORM], env=environment, check=True, capture_output=True, text=True
    )
    assert int(grown.stdout) < 2 * SLOTS * HASH_MIB
