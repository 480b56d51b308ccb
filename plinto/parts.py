"""What Plinto is put together from, in the order in which a request meets it."""

from __future__ import annotations

from pathlib import Path

from csp.constants import NONE, SELF

INSTALLED_APPS = [
    "plinto.apps.PlintoAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "plinto.apps.PlintoConfig",
    "resilience",
    "audit",
    "accounts",
    "webhooks",
    "sso",
]
MIDDLEWARE = [
    "resilience.traffic.TrafficMiddleware",
    "plinto.kernel.middleware.RequestMiddleware",
    "resilience.operators.PrivateAddressMiddleware",
    "plinto.kernel.branches.HeadersMiddleware",
    "resilience.middleware.LimitsMiddleware",
    "plinto.kernel.branches.PagesMiddleware",
]
ROOT_URLCONF = "plinto.urls"
WSGI_APPLICATION = "plinto.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(__file__).resolve().parent.parent / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "base-uri": [NONE],
        "object-src": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
        "img-src": [SELF, "data:"],
    }
}
