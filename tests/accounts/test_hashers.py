"""
What passwords are hashed with: bounded in memory by the slots, and the argon2id of everybody else.
"""

from __future__ import annotations

import subprocess
import sys

import argon2
import pytest
from django.contrib.auth.hashers import check_password, identify_hasher, make_password

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


PASSWORD = "correct horse battery staple \0 ü"
KINDS = {"id": argon2.Type.ID, "i": argon2.Type.I, "d": argon2.Type.D}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lanes", [1, 4])
@pytest.mark.parametrize("salt", [8, 16, 22, 48])
def test_a_hash_by_the_reference_implementation_is_read(kind, lanes, salt):
    hashed = argon2.low_level.hash_secret(
        PASSWORD.encode(), b"s" * salt, 2, 1024, lanes, 32, KINDS[kind]
    )
    encoded = f"argon2{hashed.decode()}"
    assert check_password(PASSWORD, encoded)
    assert not check_password(PASSWORD[:-1], encoded)


def test_the_reference_implementation_reads_what_is_hashed_here():
    encoded = make_password(PASSWORD)
    assert argon2.PasswordHasher().verify(encoded.removeprefix("argon2"), PASSWORD)
    assert argon2.extract_parameters(encoded.removeprefix("argon2")) == argon2.Parameters(
        type=argon2.Type.ID,
        version=19,
        salt_len=16,
        hash_len=32,
        time_cost=2,
        memory_cost=19 * 1024,
        parallelism=1,
    )
    assert not identify_hasher(encoded).must_update(encoded)
    assert make_password(PASSWORD) != encoded


@pytest.mark.parametrize("costs", ["m=19456,t=1,p=1", "m=9728,t=2,p=1", "m=19456,t=2,p=2"])
def test_a_hash_at_other_costs_is_made_anew_at_the_next_sign_in(costs):
    encoded = make_password(PASSWORD).replace("m=19456,t=2,p=1", costs)
    assert identify_hasher(encoded).must_update(encoded)


@pytest.mark.parametrize(
    ("salt", "length", "is_made_anew"),
    [(16, 32, False), (22, 32, False), (8, 32, True), (16, 16, True)],
)
def test_a_hash_with_a_short_salt_is_made_anew_and_one_of_django_is_not(salt, length, is_made_anew):
    hashed = argon2.low_level.hash_secret(
        PASSWORD.encode(), b"s" * salt, 2, 19 * 1024, 1, length, argon2.Type.ID
    )
    encoded = f"argon2{hashed.decode()}"
    assert check_password(PASSWORD, encoded)
    assert identify_hasher(encoded).must_update(encoded) is is_made_anew
