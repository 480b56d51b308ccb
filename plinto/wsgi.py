"""The door for WSGI servers; ``plinto.serving`` is the one that comes along."""

from __future__ import annotations

import gc
import os

import django
from django.urls import get_resolver

from plinto.kernel.memory import keep_one_arena

keep_one_arena()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "plinto.settings")
django.setup(set_prefix=False)

# Only after Django is set up can its apps be imported.
from accounts.services import keys, passwords  # noqa: E402
from plinto.forward_auth import ForwardAuthDoor  # noqa: E402
from plinto.handler import Handler  # noqa: E402
from plinto.refresh import RefreshDoor  # noqa: E402
from resilience import metrics, reporter  # noqa: E402
from resilience.presence import Kind  # noqa: E402

application = ForwardAuthDoor(RefreshDoor(Handler()))

# Loads the views now: the first request would wait for them, and with it every other one.
get_resolver().url_patterns  # noqa: B018
passwords.prepare()
keys.prepare()
metrics.start(kind="web")
reporter.start(Kind.WEB)

# What is loaded stays. Looked through again and again for cycles, it takes a tenth of all requests.
gc.collect()
gc.freeze()
