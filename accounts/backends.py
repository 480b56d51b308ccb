"""Django's authentication backend, used by the admin site: the same limits as the API."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils import timezone

from accounts import controls
from accounts.errors import InvalidCredentials
from accounts.services import sign_in
from plinto.kernel import origin
from resilience.contract import enforces


@enforces(controls.STAFF_RIGHTS, controls.SWITCHED_OFF)
class PasswordBackend(ModelBackend):
    """
    Check a password through ``services.sign_in``, so guesses at the admin site count too.

    Stock Django admin has no limit: of sixty guesses it answers sixty. A refusal for too many
    attempts passes through ``authenticate``, so that the person can be told how long to wait.

    :raises TooManyAttempts: the account or the network used up its attempts
    """

    def authenticate(  # type: ignore[override]
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **_credentials: Any,
    ) -> AbstractBaseUser | None:
        if not username or not password or request is None:
            return None
        try:
            return sign_in.check_password(
                username, password, origin=origin.of(request), now=timezone.now()
            )
        except InvalidCredentials as refusal:
            raise PermissionDenied(refusal.message) from refusal
