"""Rows for tests, made as cheaply as they can be while staying valid."""

from __future__ import annotations

from functools import lru_cache

import factory
from django.utils import timezone

from accounts.models import User
from accounts.services import passwords

PASSWORD = "correct horse battery staple"


@lru_cache(maxsize=8)
def encoded(password: str) -> str:
    """Hash each password of the suite once."""
    return passwords.encode(password)


class UserFactory(factory.django.DjangoModelFactory):
    """Somebody who registered and proved their address; signs in with ``PASSWORD``."""

    class Meta:
        model = User

    email = factory.Sequence(lambda number: f"person{number}@example.com")
    name = factory.Faker("name")
    password = factory.LazyFunction(lambda: encoded(PASSWORD))
    email_verified_at = factory.LazyFunction(timezone.now)


class AdministratorFactory(UserFactory):
    """Somebody who may do everything in the admin site."""

    is_staff = True
    is_superuser = True
