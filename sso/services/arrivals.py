"""The way of whoever has come from an identity provider: to their app, with a code for it."""

from __future__ import annotations

from datetime import datetime

from accounts.services import arrivals, code_flow
from accounts.services.federation import NotAdmitted
from sso.facts import Arrival, Refused, Word
from sso.models import Connection, SignIn
from sso.services import mapping


def arrived(
    sign_in: SignIn,
    connection: Connection,
    arrival: Arrival,
    *,
    browser: str,
    now: datetime,
) -> str:
    """
    Return where to send a browser whose person was vouched for, with a code to exchange.

    ``browser`` is the token of its cookie; nobody else's browser can use the code.

    :raises Refused: the connection is off, its mapping finds no person, or they are not let in
    """
    try:
        voucher = mapping.vouched(connection, arrival)
        code = arrivals.offer(voucher, redirect_uri=sign_in.redirect_uri, browser=browser, now=now)
    except NotAdmitted as refusal:
        raise Refused(refusal.reason, word=Word.NOT_ADMITTED) from refusal
    return code_flow.located(sign_in.redirect_uri, {"code": code})
