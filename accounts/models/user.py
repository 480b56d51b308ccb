"""A person who can sign in."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models import Q
from django.utils.timezone import now

from accounts.rules import addresses
from plinto.kernel.crypto import new_sealed_key
from plinto.kernel.ids import uuid7


def new_trail_key() -> bytes:
    """Draw the key under which the trail will tell of somebody."""
    return new_sealed_key(purpose="trail")


class UserManager(BaseUserManager["User"]):
    """Finds people by the canonical form of their address, as ``authenticate`` expects."""

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email_key=addresses.canonical(username or "").key)

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        person = self.model(email=email, **fields)
        person.set_password(password)
        person.save()
        return person

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        staff = {"is_staff": True, "is_superuser": True, "email_verified_at": now()}
        return self.create_user(email, password, **{**staff, **fields})


class User(AbstractBaseUser, PermissionsMixin):
    """
    A person; ``email_key`` is who they are, ``email`` how they write it.

    ``version`` grows with every change that a cached copy of the person must reflect.
    ``switched_off_by`` is the organization whose identity provider switched the person off over
    SCIM, and may switch them on again; where staff did, it is empty.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.CharField(max_length=254)
    email_key = models.CharField(max_length=254, unique=True, editable=False)
    email_verified_at = models.DateTimeField(null=True, blank=True)
    name = models.CharField(max_length=200, blank=True)
    locale = models.CharField(max_length=35, blank=True)
    timezone = models.CharField(max_length=64, blank=True)
    is_active = models.BooleanField(default=True)
    switched_off_by = models.UUIDField(null=True, blank=True, editable=False)
    is_staff = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=now, editable=False)
    erase_at = models.DateTimeField(null=True, blank=True, editable=False)
    password_changed_at = models.DateTimeField(null=True, blank=True, editable=False)
    version = models.PositiveBigIntegerField(default=1, editable=False)
    # Sealed; what the trail tells of the person is read by it and by nothing else.
    trail_key = models.BinaryField(default=new_trail_key, editable=False)

    objects = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        db_table = "accounts_user"
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["erase_at"], condition=Q(erase_at__isnull=False), name="user_erase_at"
            )
        ]

    def __str__(self) -> str:
        return self.email

    def clean(self) -> None:
        super().clean()
        self._canonicalise()

    def save(self, *args: Any, **kwargs: Any) -> None:
        self._canonicalise()
        super().save(*args, **kwargs)

    def _canonicalise(self) -> None:
        address = addresses.canonical(self.email)
        self.email, self.email_key = address.email, address.key
