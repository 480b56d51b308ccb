"""The health pages as the OpenAPI document shows them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

STATES = ["closed", "open", "half_open"]


class LiveAnswer(serializers.Serializer[Any]):
    status = serializers.ChoiceField(choices=["ok"])


class DegradedAnswer(serializers.Serializer[Any]):
    what = serializers.CharField(help_text="The component that is missing, such as redis.")
    since = serializers.DateTimeField()
    guarantees = serializers.CharField(help_text="What still holds without it.")


class ReadyAnswer(serializers.Serializer[Any]):
    status = serializers.ChoiceField(choices=["ok", "degraded", "unavailable"])
    degraded = DegradedAnswer(many=True, required=False)
    details = serializers.DictField(required=False, help_text="Only with the health token.")


class CircuitAnswer(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=STATES)
    write_degraded = serializers.BooleanField(help_text="Redis answers reads and refuses writes.")
    failure_count = serializers.IntegerField(help_text="Failures in a row, up to now.")
    total_calls = serializers.IntegerField()
    successful_calls = serializers.IntegerField()
    failed_calls = serializers.IntegerField()
    rejected_calls = serializers.IntegerField(help_text="Calls that Redis was spared.")
    slow_calls = serializers.IntegerField()
    opened_count = serializers.IntegerField()
    last_failure_time = serializers.DateTimeField(allow_null=True)
    next_probe_in = serializers.FloatField(allow_null=True, help_text="Seconds.")
    generation = serializers.IntegerField(help_text="How often the state has changed.")
    fallback_calls = serializers.IntegerField(help_text="Cache operations Redis did not answer.")
    fallback_hits = serializers.IntegerField()
    fallback_misses = serializers.IntegerField()
    fallback_size = serializers.IntegerField()
    unsettled = serializers.IntegerField(help_text="Cache keys Redis has yet to hear were changed.")
    hits = serializers.IntegerField(help_text="Keys that reads found, in cache and copies.")
    misses = serializers.IntegerField()
    hit_ratio = serializers.FloatField(allow_null=True, help_text="From 0 to 1; null unread.")


class RedisAnswer(serializers.Serializer[Any]):
    configured = serializers.BooleanField()
    redis_available = serializers.BooleanField()
    degraded_mode = serializers.BooleanField()
    circuit_breaker = CircuitAnswer()
    details = serializers.DictField(required=False, help_text="Only with the health token.")


class WorkerAnswer(serializers.Serializer[Any]):
    id = serializers.UUIDField(help_text="Of one life of the process.")
    kind = serializers.ChoiceField(choices=["web", "worker"])
    pid = serializers.IntegerField()
    started_at = serializers.DateTimeField()
    seen_at = serializers.DateTimeField(help_text="When its figures were measured.")


class WorkerCircuitAnswer(WorkerAnswer, CircuitAnswer): ...


class CircuitsAnswer(CircuitAnswer):
    workers_known = serializers.BooleanField(help_text="False without the database.")
    workers = WorkerCircuitAnswer(many=True, help_text="Every live one, the answering one too.")
    details = serializers.DictField(required=False, help_text="Only with the health token.")


class PoolAnswer(serializers.Serializer[Any]):
    size = serializers.IntegerField(help_text="Open connections.")
    available = serializers.IntegerField(help_text="Of these, idle ones.")
    waiting = serializers.IntegerField(help_text="Threads that want a connection now.")
    max = serializers.IntegerField()
    wait_p95_ms = serializers.FloatField(
        help_text="Of the last 512 check-outs; in a sum, that of the slowest process."
    )
    errors = serializers.IntegerField()  # type: ignore[assignment]


class WorkerPoolAnswer(WorkerAnswer, PoolAnswer): ...


class DatabaseAnswer(serializers.Serializer[Any]):
    database_available = serializers.BooleanField()
    pool = PoolAnswer(help_text="The sum over the workers.")
    workers_known = serializers.BooleanField(help_text="False without the database.")
    workers = WorkerPoolAnswer(many=True)
    details = serializers.DictField(required=False, help_text="Only with the health token.")
