"""How often something was tried lately."""

from __future__ import annotations

from django.db import models


class AttemptCounter(models.Model):
    """
    Attempts of one kind against one subject, until ``ends`` (Unix seconds).

    The subject is a keyed digest, so the table names nobody. Rows whose window is over count
    from one again, so nothing has to clear them for a person to get in.
    """

    id = models.BigAutoField(primary_key=True)
    scope = models.CharField(max_length=20)
    subject = models.CharField(max_length=64)
    count = models.PositiveIntegerField()
    ends = models.PositiveBigIntegerField(db_index=True)

    class Meta:
        db_table = "accounts_attempt_counter"
        constraints = [models.UniqueConstraint(fields=["scope", "subject"], name="attempt_subject")]

    def __str__(self) -> str:
        return f"{self.scope}:{self.subject[:8]}"
