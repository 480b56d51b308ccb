"""What processes tell each other through the database: who runs, what moved, what is ordered."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from plinto.kernel.ids import uuid7
from resilience.circuit import State


class Process(models.Model):
    """
    One process of Plinto, as it last described itself.

    The id is of one life of it: a process id comes again, and a restarted worker is another row.
    ``figures`` is what ``resilience.figures`` measures; ``unsettled`` counts the cache keys that
    Redis has yet to hear were changed here.
    """

    class Kind(models.TextChoices):
        WEB = "web", "Web"
        WORKER = "worker", "Worker"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=6, choices=Kind)
    host = models.CharField(max_length=255)
    pid = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField(db_index=True)
    ended_at = models.DateTimeField(null=True)
    unsettled = models.PositiveIntegerField(default=0)
    figures = models.JSONField(default=dict)

    class Meta:
        db_table = "resilience_process"
        default_permissions = ("view",)
        permissions = [("operate", "Can force, reset and rehearse circuit breakers")]
        verbose_name_plural = "processes"

    def __str__(self) -> str:
        return f"{self.kind} {self.host}:{self.pid}"


class CircuitTransition(models.Model):
    """One move of one breaker in one process; kept as history after the process is gone."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    process_id = models.UUIDField()
    process_label = models.CharField(max_length=300)
    breaker = models.CharField(max_length=100)
    before = models.CharField(max_length=9, choices=[(s.value, s.value) for s in State])
    after = models.CharField(max_length=9, choices=[(s.value, s.value) for s in State])
    reason = models.CharField(max_length=100, blank=True)
    is_forced = models.BooleanField(default=False)
    generation = models.PositiveBigIntegerField()
    occurred_at = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "resilience_circuit_transition"
        default_permissions = ("view",)
        ordering = ("-occurred_at",)

    def __str__(self) -> str:
        return f"{self.breaker} {self.before} to {self.after}"


class CircuitOrder(models.Model):
    """
    What an operator wants of one breaker, in every process; the newest row of a breaker counts.

    ``ends_at`` bounds a rehearsal: each process goes back to automatic by itself at that moment,
    with or without a database.
    """

    class Act(models.TextChoices):
        FORCE_OPEN = "force_open", "Force open"
        FORCE_CLOSED = "force_closed", "Force closed"
        AUTOMATIC = "automatic", "Automatic"
        RESET = "reset", "Reset"

    id = models.BigAutoField(primary_key=True)
    breaker = models.CharField(max_length=100)
    act = models.CharField(max_length=12, choices=Act)
    reason = models.CharField(max_length=200, blank=True)
    ordered_by = models.CharField(max_length=320, blank=True)
    ordered_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "resilience_circuit_order"
        default_permissions = ("view",)
        indexes = [models.Index(fields=["breaker", "-id"], name="circuit_order_newest")]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(act__in=["force_open", "force_closed"]),
                name="circuit_order_only_forced_ends",
            )
        ]

    def __str__(self) -> str:
        return f"{self.breaker}: {self.act}"


class Counter(models.Model):
    """
    How often something happened to one subject in one window, until ``ends`` (Unix seconds).

    The subject is a keyed digest, so the table names nobody. Rows whose window is over count
    from one again, so nothing has to clear them for a person to get in.
    """

    id = models.BigAutoField(primary_key=True)
    scope = models.CharField(max_length=20)
    subject = models.CharField(max_length=64)
    count = models.PositiveIntegerField()
    ends = models.PositiveBigIntegerField(db_index=True)

    class Meta:
        db_table = "resilience_counter"
        default_permissions = ("view",)
        constraints = [models.UniqueConstraint(fields=["scope", "subject"], name="counter_subject")]

    def __str__(self) -> str:
        return f"{self.scope}:{self.subject[:8]}"
