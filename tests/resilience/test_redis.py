from __future__ import annotations

import socket
import threading

import pytest
from redis.exceptions import LockError

from resilience.circuit import State
from resilience.errors import RedisCommandError, RedisUnavailableError
from resilience.scripts import Script
from tests.resilience.conftest import at_once, eventually
from tests.servers.fault_proxy import FaultProxy
from tests.servers.redis import RedisServer

USES = {
    "command": lambda client: client.get("key"),
    "write": lambda client: client.set("key", "value"),
    "pipeline": lambda client: client.pipeline().get("a").set("b", "c").execute(),
    "watched transaction": lambda client: client.transaction(lambda pipe: None, "key"),
    "lua": lambda client: client.eval("return 1", 0),
    "registered script": lambda client: client.register_script("return 1")(),
    "lock": lambda client: client.lock("key", timeout=1).acquire(blocking=False),
    "scan": lambda client: list(client.scan_iter()),
    "sorted set": lambda client: client.zadd("key", {"member": 1}),
}


def url(proxy: FaultProxy) -> str:
    return f"redis://127.0.0.1:{proxy.port}/0"


def fails(use, client) -> None:
    with pytest.raises(RedisUnavailableError):
        use(client)


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_every_use_counts_one_failure_when_redis_refuses(doors, nowhere, use):
    door = doors.open(nowhere)
    fails(use, door.client)
    assert door.breaker.failed_calls == 1


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_no_use_reaches_redis_while_the_circuit_is_open(doors, proxy, use):
    door = doors.open(url(proxy))
    door.breaker.force_open()
    fails(use, door.client)
    assert proxy.connections == 0


def test_a_raw_connection_is_not_lent_while_the_circuit_is_open(doors, proxy):
    door = doors.open(url(proxy))
    door.breaker.force_open()
    with pytest.raises(Exception, match="could not be completed"):
        door.pool.get_connection()
    with pytest.raises(Exception, match="could not be completed"):
        door.client.pubsub().subscribe("channel")
    assert proxy.connections == 0


def test_a_raw_connection_that_fails_counts(doors, proxy):
    door = doors.open(url(proxy))
    connection = door.pool.get_connection()
    proxy.set("blackhole")
    connection.send_command("GET", "key")
    with pytest.raises(Exception, match="Timeout"):
        connection.read_response()
    door.pool.release(connection)
    assert door.breaker.failed_calls == 1


def test_a_pipeline_of_a_hundred_commands_is_one_call(doors, server):
    door = doors.open()
    pipeline = door.client.pipeline(transaction=False)
    for number in range(100):
        pipeline.get(str(number))
    pipeline.execute()
    assert door.breaker.successful_calls == 1


def test_a_pipeline_whose_replies_hold_bugs_is_a_success(doors):
    door = doors.open()
    door.client.set("text", "x")
    for _ in range(20):
        with pytest.raises(RedisCommandError):
            door.client.pipeline(transaction=False).get("text").incr("text").execute()
    assert door.breaker.failed_calls == 0


@pytest.mark.parametrize("mode", ["refuse", "reset", "blackhole", "cut:1"])
def test_a_lost_redis_opens_the_circuit_after_five_calls(doors, proxy, mode):
    door = doors.open(url(proxy))
    door.client.get("key")
    proxy.set(mode)
    for _ in range(5):
        fails(USES["command"], door.client)
    assert door.breaker.standing.state is State.OPEN


def test_a_stalled_server_costs_each_caller_one_timeout(doors, server):
    door = doors.open(timeout=0.1)
    server.stall()
    began = door.breaker.clock()
    fails(USES["command"], door.client)
    assert 0.09 < door.breaker.clock() - began < 0.3


def test_a_slow_redis_opens_the_circuit_without_a_failure(doors, proxy):
    door = doors.open(url(proxy), timeout=1.0, slow_seconds=0.01, min_calls=5)
    proxy.set("latency:0.02")
    for _ in range(5):
        door.client.get("key")
    assert door.breaker.standing.reason == "slow"
    assert door.breaker.failed_calls == 0


def test_a_late_answer_is_not_read_as_the_answer_to_the_next_command(doors, proxy):
    door = doors.open(url(proxy), timeout=0.05, failure_threshold=50)
    door.client.mset({"a": "of a", "b": "of b"})
    proxy.set("latency:0.15")
    for _ in range(3):
        fails(lambda client: client.get("a"), door.client)
    proxy.set("ok")
    assert [door.client.get("b") for _ in range(5)] == [b"of b"] * 5


def test_a_socket_that_was_out_while_the_circuit_moved_is_not_used_again(doors):
    door = doors.open()
    door.client.mset({"a": "of a", "b": "of b"})
    connection = door.pool.get_connection()
    connection.send_command("GET", "a")
    door.breaker.trip(reason="test")
    door.breaker.reset()
    door.pool.release(connection)
    assert connection._sock is None
    assert door.client.get("b") == b"of b"


def test_idle_sockets_are_dropped_when_the_circuit_moves(doors, server):
    door = doors.open()
    door.client.get("key")
    before = door.pool.get_connection()
    door.pool.release(before)
    door.breaker.trip(reason="test")
    assert before._sock is None


def test_a_full_redis_takes_writes_again_once_there_is_room(doors, server):
    door = doors.open(recovery_timeout=0.1)
    server.cli("CONFIG", "SET", "maxmemory", "1")
    for _ in range(5):
        fails(USES["write"], door.client)
    server.cli("CONFIG", "SET", "maxmemory", "0")
    eventually(lambda: door.is_trusted)
    assert door.client.set("key", "value")


def test_too_few_replicas_close_the_door_to_writes_only(doors, server):
    door = doors.open()
    server.cli("CONFIG", "SET", "min-replicas-to-write", "1")
    for _ in range(5):
        fails(USES["write"], door.client)
    server.cli("CONFIG", "SET", "min-replicas-to-write", "0")
    assert door.breaker.is_closed
    assert door.writes.standing.reason == "NOREPLICAS"


def test_a_wrong_password_trips_with_its_own_reason(doors, server):
    door = doors.open(f"redis://nobody:wrong@127.0.0.1:{server.port}/0")
    for _ in range(5):
        fails(USES["command"], door.client)
    assert door.breaker.standing.reason == "denied"


def test_a_script_is_sent_again_in_full_after_redis_forgot_it(doors, server):
    door, script = doors.open(), Script("return ARGV[1]")
    assert door.run(script, keys=(), arguments=("a",)) == b"a"
    server.cli("SCRIPT", "FLUSH")
    assert door.run(script, keys=(), arguments=("b",)) == b"b"
    assert door.breaker.failed_calls == 0


def test_losing_a_lock_is_told_by_its_own_exception(doors, server):
    lock = doors.open().client.lock("key", timeout=1)
    lock.acquire()
    server.cli("DEL", "key")
    with pytest.raises(LockError):
        lock.release()


def test_sixteen_threads_on_a_stalled_redis_open_it_once(doors, server):
    door = doors.open(connections=16)
    opened = []
    door.breaker.subscribe(lambda change: opened.append(change.after.state))
    server.stall()
    at_once(16, lambda: fails(USES["command"], door.client))
    assert opened == [State.OPEN]


def test_the_password_is_no_part_of_the_address(doors, server):
    door = doors.open(f"redis://user:secret@127.0.0.1:{server.port}/0")
    assert door.address == f"127.0.0.1:{server.port}"


def test_a_unix_socket_is_guarded_too(doors, tmp_path):
    path = tmp_path / "redis.sock"
    with RedisServer.start(None, "--unixsocket", str(path)) as other:
        door = doors.open(f"unix://{path}")
        assert door.client.set("key", "value")
        other.kill()
        fails(USES["command"], door.client)
    assert (door.breaker.successful_calls, door.breaker.failed_calls) == (1, 1)


def test_threads_share_one_client(doors):
    door = doors.open()
    door.client.set("key", "value")
    assert at_once(8, lambda: door.client.get("key")) == [b"value"] * 8
    assert threading.active_count() < 20


def test_what_was_not_delivered_when_it_was_given_up_is_never_delivered(doors):
    # A peer that reads nothing stands for a network that loses everything for a while.
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        door = doors.open(f"redis://127.0.0.1:{listener.getsockname()[1]}/0", timeout=0.1)
        with pytest.raises(RedisUnavailableError):
            door.client.set("key", b"x" * 8_000_000)
        peer, _ = listener.accept()
        with peer, peer.makefile("rb") as received, pytest.raises(ConnectionResetError):
            received.read()
