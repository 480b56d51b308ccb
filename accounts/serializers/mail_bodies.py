"""Bodies of what is done with links and codes from mails."""

from __future__ import annotations

from plinto.kernel.serializers import Body, Text

_TOKEN = 512


class LinkBody(Body):
    """``token`` stands behind the # of the link."""

    token = Text(max_length=_TOKEN)
