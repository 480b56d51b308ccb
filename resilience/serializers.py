"""The health pages as the OpenAPI document shows them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


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
    state = serializers.ChoiceField(choices=["closed", "open", "half_open"])
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


class RedisAnswer(serializers.Serializer[Any]):
    configured = serializers.BooleanField()
    redis_available = serializers.BooleanField()
    degraded_mode = serializers.BooleanField()
    circuit_breaker = CircuitAnswer()
    details = serializers.DictField(required=False, help_text="Only with the health token.")


class WorkerCircuitAnswer(CircuitAnswer):
    pid = serializers.IntegerField()


class CircuitsAnswer(CircuitAnswer):
    workers = WorkerCircuitAnswer(many=True)


class PoolAnswer(serializers.Serializer[Any]):
    size = serializers.IntegerField(help_text="Open connections.")
    available = serializers.IntegerField(help_text="Of these, idle ones.")
    waiting = serializers.IntegerField(help_text="Threads that want a connection now.")
    max = serializers.IntegerField()
    wait_p95_ms = serializers.FloatField(help_text="Of the last 512 check-outs.")
    errors = serializers.IntegerField()  # type: ignore[assignment]


class WorkerPoolAnswer(PoolAnswer):
    pid = serializers.IntegerField()


class DatabaseAnswer(serializers.Serializer[Any]):
    database_available = serializers.BooleanField()
    pool = PoolAnswer(help_text="The sum over the workers.")
    workers = WorkerPoolAnswer(many=True)
    details = serializers.DictField(required=False, help_text="Only with the health token.")
