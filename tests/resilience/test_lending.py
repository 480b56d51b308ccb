"""A connection that lies ready is lent at once; whatever is not ordinary is found out first."""

from __future__ import annotations

from tests.resilience.conftest import at_once, eventually


def idle(door) -> list:
    return door.pool._available_connections


def test_a_connection_is_lent_again_and_no_other_is_opened(doors, server):
    door = doors.open()
    door.client.set("key", "value")
    [kept] = idle(door)
    before = server.cli("INFO", "stats")
    assert [door.client.ask("GET", "key") for _ in range(50)] == [b"value"] * 50
    assert idle(door) == [kept]
    assert opened(before) + 1 == opened(server.cli("INFO", "stats"))  # the second look itself


def opened(stats: str) -> int:
    [line] = [each for each in stats.splitlines() if each.startswith("total_connections_received")]
    return int(line.partition(":")[2])


def test_a_connection_that_redis_closed_meanwhile_is_opened_anew_without_a_failure(doors, server):
    door = doors.open()
    door.client.set("key", "value")
    server.cli("CLIENT", "KILL", "TYPE", "normal")
    eventually(lambda: not idle(door)[0].is_at_hand())
    assert door.client.ask("GET", "key") == b"value"
    assert door.breaker.failed_calls == 0


def test_an_answer_that_nobody_read_is_not_the_answer_to_the_next_question(doors):
    door = doors.open()
    door.client.set("key", "value")
    connection = door.pool.get_connection()
    connection.send_command("ECHO", "unread")
    door.pool.release(connection)
    eventually(lambda: not connection.is_at_hand())
    assert door.client.ask("GET", "key") == b"value"


def test_threads_never_share_a_connection(doors):
    door = doors.open(connections=16, timeout=2, slow_seconds=2)

    def echo_many() -> bool:
        words = [f"{id(object())} {number}" for number in range(100)]
        return [door.client.ask("ECHO", word).decode() for word in words] == words

    assert all(at_once(16, echo_many))
    assert 1 <= len(idle(door)) <= 16
    assert not door.pool._in_use_connections
