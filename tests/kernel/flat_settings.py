"""The settings with the middleware of pages at the top, where Django's checks look for it."""

from __future__ import annotations

from plinto.settings import *  # noqa: F403
from plinto.settings import MIDDLEWARE as _OURS

MIDDLEWARE = [
    *_OURS,
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
SILENCED_SYSTEM_CHECKS = ["auth.W004"]
