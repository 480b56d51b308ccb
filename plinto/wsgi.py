"""The door for WSGI servers; ``plinto.serving`` is the one that comes along."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

from plinto.kernel.memory import keep_one_arena

keep_one_arena()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "plinto.settings")
_django = get_wsgi_application()

# Only after Django is set up can its apps be imported.
from accounts.services import keys, passwords  # noqa: E402
from plinto.forward_auth import ForwardAuthDoor  # noqa: E402
from resilience import metrics, reporter  # noqa: E402
from resilience.presence import Kind  # noqa: E402

application = ForwardAuthDoor(_django)

passwords.prepare()
keys.prepare()
metrics.start(kind="web")
reporter.start(Kind.WEB)
