"""Sets Django up when it is imported, for benchmarks that use what the tests use."""

from __future__ import annotations

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "plinto.settings")
# Servers get an environment of their own; this process only seals what it writes for them.
os.environ.setdefault("DEBUG", "yes")
django.setup()
