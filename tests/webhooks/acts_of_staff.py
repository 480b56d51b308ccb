"""What staff do to endpoints and messages, each ready to be done and not done yet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.test import Client
from django.utils import timezone

from resilience.leases import State
from tests.accounts.organizations import Club
from tests.accounts.staff import act, browser_of
from tests.api import Api
from tests.webhooks.club_endpoints import ClubEndpoint, sent
from webhooks.models import Delivery, Endpoint

Do = Callable[[], Any]
ENDPOINTS = "/admin/webhooks/endpoint/"
FORM = {"url": "https://siem.example.com/in", "events": "user.*", "description": ""}


def _made(browser: Client) -> Endpoint:
    """An endpoint of the deployment."""
    assert browser.post(f"{ENDPOINTS}add/", FORM).status_code == 200
    return Endpoint.objects.get()


def _add() -> Do:
    browser = browser_of()
    return lambda: browser.post(f"{ENDPOINTS}add/", FORM)


def _on_page(tail: str, **form: Any) -> Callable[[], Do]:
    def prepare() -> Do:
        browser = browser_of()
        page = f"{ENDPOINTS}{_made(browser).pk}/{tail}/"
        return lambda: browser.post(page, form)

    return prepare


def _rotate() -> Do:
    browser = browser_of()
    page = f"{ENDPOINTS}{_made(browser).pk}/rotate-secret/"
    seen = browser.get(page).context["seen"]
    return lambda: browser.post(page, {"seen": seen})


def _on_list(action: str, **columns: Any) -> Callable[[], Do]:
    def prepare() -> Do:
        browser = browser_of()
        endpoint = _made(browser)
        Endpoint.objects.update(**columns)
        return lambda: act(browser, action, endpoint, page=ENDPOINTS)

    return prepare


def _given_up() -> tuple[Client, Delivery]:
    receiver = ClubEndpoint(Club(Api()))
    return browser_of(), sent(receiver.id, state=State.ABANDONED)


def _redeliver_all() -> Do:
    browser, delivery = _given_up()
    page = f"{ENDPOINTS}{delivery.endpoint_id}/redeliver/"
    return lambda: browser.post(page, {"since": "2020-01-01T00:00"})


def _redeliver_one() -> Do:
    browser, delivery = _given_up()
    return lambda: act(browser, "redeliver", delivery, page="/admin/webhooks/delivery/")


_PAUSED = {"state": "paused", "paused_at": timezone.now(), "paused_because": "by_hand"}

ENDPOINT_ACTS: dict[str, Callable[[], Do]] = {
    "webhooks.Endpoint add": _add,
    "webhooks.Endpoint change": _on_page("change", **{**FORM, "events": "audit.recorded"}),
    "webhooks.Endpoint delete": _on_page("delete", post="yes"),
    "webhooks.Endpoint pause": _on_list("pause"),
    "webhooks.Endpoint enable": _on_list("enable", **_PAUSED),
    "webhooks_endpoint_rotate_secret": _rotate,
    "webhooks_endpoint_redeliver": _redeliver_all,
    "webhooks.Delivery redeliver": _redeliver_one,
}
