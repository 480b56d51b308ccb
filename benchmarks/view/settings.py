"""The settings of the measured project; ``BENCH_CACHE`` chooses the cache."""

from __future__ import annotations

import os
from typing import Any

_URL = os.environ.get("BENCH_REDIS_URL", "")
_TIMEOUT = 0.25
THREADS = 16

# django-redis as its documentation recommends it, plus timeouts: without them one stalled Redis
# holds every thread for five seconds and more, which would flatter whatever stands beside it.
_DJANGO_REDIS: dict[str, Any] = {
    "BACKEND": "django_redis.cache.RedisCache",
    "LOCATION": _URL,
    "OPTIONS": {
        "CLIENT_CLASS": "django_redis.client.DefaultClient",
        "SOCKET_CONNECT_TIMEOUT": _TIMEOUT,
        "SOCKET_TIMEOUT": _TIMEOUT,
    },
}
_CACHES: dict[str, dict[str, Any]] = {
    "plinto": {
        "BACKEND": "resilience.cache.ResilientCache",
        "LOCATION": _URL,
        "OPTIONS": {"TIMEOUT_SECONDS": _TIMEOUT, "MAX_CONNECTIONS": THREADS + 4},
    },
    "django-redis": _DJANGO_REDIS,
    "django-redis, exceptions ignored": {
        **_DJANGO_REDIS,
        "OPTIONS": {**_DJANGO_REDIS["OPTIONS"], "IGNORE_EXCEPTIONS": True},
    },
    "no cache": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"},
}

SECRET_KEY = "of no use to anybody"
DEBUG = False
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "benchmarks.view.urls"
MIDDLEWARE: list[str] = []
INSTALLED_APPS: list[str] = []
USE_TZ = True
CACHES = {"default": _CACHES[os.environ.get("BENCH_CACHE", "no cache")]}
# Connections to a Redis that is gone are refused thousands of times a second.
LOGGING_CONFIG = None
