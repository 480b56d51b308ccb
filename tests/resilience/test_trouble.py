from __future__ import annotations

import pytest
from redis import exceptions as foreign
from redis._parsers.base import BaseParser

from plinto.kernel.exceptions import CacheError
from resilience.errors import RedisCommandError, RedisUnavailableError
from resilience.trouble import PASSING, Trouble, judge, reason_of, translated
from tests.resilience.canned import canned

ANSWERS = {
    "LOADING Redis is loading the dataset in memory": Trouble.DOWN,
    "MASTERDOWN Link with MASTER is down": Trouble.DOWN,
    "CLUSTERDOWN The cluster is down": Trouble.DOWN,
    "ERR max number of clients reached": Trouble.DOWN,
    "READONLY You can't write against a read only replica.": Trouble.REPLICA,
    "OOM command not allowed when used memory > 'maxmemory'.": Trouble.WRITES,
    "MISCONF Redis is configured to save RDB snapshots": Trouble.WRITES,
    "NOREPLICAS Not enough good replicas to write.": Trouble.WRITES,
    "BUSY Redis is busy running a script.": Trouble.WRITES,
    "UNKILLABLE Sorry the script already executed write commands": Trouble.WRITES,
    "TRYAGAIN Multiple keys request during rehashing of slot": Trouble.WRITES,
    "NOAUTH Authentication required.": Trouble.DENIED,
    "WRONGPASS invalid username-password pair": Trouble.DENIED,
    "NOPERM this user has no permissions to run the 'set' command": Trouble.DENIED,
    "WRONGTYPE Operation against a key holding the wrong kind of value": Trouble.CALLER,
    "ERR value is not an integer or out of range": Trouble.CALLER,
    "ERR wrong number of arguments for 'get' command": Trouble.CALLER,
    "ERR unknown command 'GRT'": Trouble.CALLER,
    "NOSCRIPT No matching script.": Trouble.CALLER,
    "EXECABORT Transaction discarded because of previous errors.": Trouble.CALLER,
    "CROSSSLOT Keys in request don't hash to the same slot": Trouble.CALLER,
    "BUSYGROUP Consumer Group name already exists": Trouble.CALLER,
    "BUSYKEY Target key name already exists.": Trouble.CALLER,
}

RAISED = {
    foreign.ConnectionError("Connection refused"): Trouble.DOWN,
    foreign.TimeoutError("Timeout reading from socket"): Trouble.DOWN,
    foreign.InvalidResponse("Protocol error"): Trouble.DOWN,
    foreign.ChildDeadlockedError(): Trouble.DOWN,
    ConnectionResetError(): Trouble.DOWN,
    TimeoutError(): Trouble.DOWN,
    foreign.MaxConnectionsError("Too many connections"): Trouble.LOCAL,
    foreign.DataError("Invalid input of type: 'object'"): Trouble.CALLER,
    foreign.WatchError(): Trouble.CALLER,
    foreign.LockError("not owned"): Trouble.CALLER,
}


@pytest.mark.parametrize(("answer", "trouble"), ANSWERS.items(), ids=lambda value: str(value)[:12])
def test_each_answer_of_redis_has_its_meaning(answer, trouble):
    assert judge(BaseParser.parse_error(answer)) is trouble


@pytest.mark.parametrize(("error", "trouble"), RAISED.items(), ids=lambda value: repr(value)[:16])
def test_each_error_of_the_client_has_its_meaning(error, trouble):
    assert judge(error) is trouble


def test_every_exception_of_the_library_becomes_one_of_ours():
    for name in dir(foreign):
        kind = getattr(foreign, name)
        if isinstance(kind, type) and issubclass(kind, foreign.RedisError):
            error = kind.__new__(kind)
            assert isinstance(translated(error), CacheError)


def test_reasons_hold_no_host_and_no_key():
    assert reason_of(foreign.ConnectionError("Error 111 connecting to secret:6379.")) == (
        "ConnectionError"
    )
    assert reason_of(foreign.ResponseError("MISCONF Redis is configured")) == "MISCONF"
    assert reason_of(foreign.NoPermissionError("no right to key secret")) == "denied"


def test_what_scripts_locks_and_transactions_rely_on_passes_untranslated():
    assert set(PASSING) == {foreign.NoScriptError, foreign.WatchError, foreign.LockError}


@pytest.mark.parametrize(
    "reply",
    [
        b"-LOADING Redis is loading the dataset in memory\r\n",
        b"-MASTERDOWN Link with MASTER is down\r\n",
        b"-BUSY Redis is busy running a script.\r\n",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"-NOAUTH Authentication required.\r\n",
    ],
)
def test_a_server_that_answers_every_read_like_this_is_down(doors, reply):
    with canned(reply) as url:
        door = doors.open(url)
        for _ in range(5):
            with pytest.raises(RedisUnavailableError):
                door.client.get("key")
    assert not door.breaker.is_closed


@pytest.mark.parametrize(
    "reply", [b"-WRONGTYPE Operation against a key\r\n", b"-ERR unknown command\r\n"]
)
def test_a_bug_of_the_caller_never_opens_the_circuit(doors, reply):
    with canned(reply) as url:
        door = doors.open(url)
        for _ in range(30):
            with pytest.raises(RedisCommandError):
                door.client.set("key", "value")
    assert door.is_trusted
    assert door.breaker.failed_calls == 0
