"""Bodies of what is done with links and codes from mails."""

from __future__ import annotations

from plinto.kernel.serializers import Body, Text

_TOKEN = 512


class MailedLinkBody(Body):
    """``token`` stands behind the # of the link."""

    token = Text(max_length=_TOKEN)


class MailedCodeBody(Body):
    """``code`` is the six digits of the letter."""

    code = Text(max_length=6, min_length=6)
