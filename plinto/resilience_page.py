"""The Resilience page of the admin site: what every process says, and orders to their breakers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views import View

from accounts.asking import asked
from accounts.services import staff
from audit.parties import Target
from plinto import operations, timeline
from plinto.kernel.exceptions import AuthorizationError, PlintoAPIException, ValidationError
from plinto.templatetags.readings import rfc3339
from resilience import contract, health
from resilience.health import Readiness
from resilience.overview import CircuitView, Overview, ProcessView, look

# Every restart leaves a row for a day; the newest tell what an operator asks.
MOST_GONE = 20
MOST_MOVES = 50


class ResiliencePage(View):
    """``/admin/resilience/``: read with one permission, act with another."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the whole deployment; ``?refresh`` leaves the messages for the page to come."""
        if not request.user.has_perm(operations.VIEW):
            raise PermissionDenied("lacks view_process")
        overview, ready = look(now=timezone.now()), health.readiness()
        moves = overview.timeline[: -MOST_MOVES - 1 : -1]
        context = {
            **admin.site.each_context(request),
            "title": "Resilience",
            "is_refresh": "refresh" in request.GET,
            "overview": overview,
            "readiness": ready,
            "verdict": verdict(overview, ready),
            "holding": contract.in_force(missing(overview)),
            "drawing": timeline.draw(overview),
            "moves": moves,
            "rows": [_row(process) for process in _listed(overview)],
            "may_operate": operations.may_operate(asked(request)["by"]),
            "acts": operations.Act.choices,
            "rehearsable": operations.REHEARSABLE,
            "ordered": next((one for one in overview.breakers if one.order), None),
        }
        return TemplateResponse(request, "admin/resilience.html", context)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Give the order of a form, tell what came of it, and lead back to the page."""
        breaker = request.POST.get("breaker", "")
        act = _rehearse if "minutes" in request.POST else _order
        try:
            told = act(request, breaker)
        except AuthorizationError:
            raise  # the site records it and answers 403
        except PlintoAPIException as refusal:
            target = Target("circuit", id=breaker)
            why = refusal.reason or refusal.error_code
            staff.refuse(**asked(request), reason=why, target=target)
            messages.error(request, refusal.message)
        else:
            messages.success(request, f"{told} Processes hear of it within seconds.")
        return HttpResponseRedirect(reverse("admin:resilience"))


def verdict(overview: Overview, ready: Readiness) -> tuple[str, str]:
    """Sum up in one sentence, with the state that gives it its colour."""
    if ready.status == "unavailable":
        failing = ", ".join(name for name, found in ready.findings.items() if not found.is_well)
        return "open", f"Nobody can sign in here: {failing}."
    troubled = [
        f"{one.name} is open in {one.open + one.half_open} of {one.processes} processes"
        for one in overview.breakers
        if one.open or one.half_open
    ]
    if troubled:
        return "half_open", f"Degraded: {'; '.join(troubled)}."
    if ready.degraded:
        return "half_open", f"Degraded here: {', '.join(one['what'] for one in ready.degraded)}."
    if not overview.live:
        return "half_open", "No process has reported yet."
    return "closed", "All is well: every breaker is closed."


def missing(overview: Overview) -> dict[str, str]:
    """
    Name what this process or any other is without, and in which state that is.

    If nothing is missing, the answer is about the outage that may be rehearsed.
    """
    found = health.missing()
    redis = [one for one in overview.breakers if one.name in operations.REHEARSABLE]
    is_open = any(one.open or one.half_open for one in redis)
    return {"redis": "gone", **found} if is_open or not found else found


def _order(request: HttpRequest, breaker: str) -> str:
    act, reason = request.POST.get("act", ""), request.POST.get("reason", "")
    operations.order(breaker, act=act, reason=reason, **asked(request))
    return f"“{operations.Act(act).label}” is ordered for {breaker}."


def _rehearse(request: HttpRequest, breaker: str) -> str:
    length, reason = _minutes(request.POST["minutes"]), request.POST.get("reason", "")
    ends_at = operations.rehearse(breaker, length=length, reason=reason, **asked(request))
    return f"An outage of {breaker} is rehearsed until {rfc3339(ends_at)}."


def _minutes(text: str) -> timedelta:
    # int() alone would take "1_0" and digits of every script.
    if not (text.isascii() and text.isdigit()):
        raise ValidationError("Give whole minutes, 1 to 60.", reason="no minutes")
    return timedelta(minutes=int(text[:9]))


def _listed(overview: Overview) -> list[ProcessView]:
    gone = [process for process in overview.processes if not process.is_live]
    gone.sort(key=lambda process: process.seen_at, reverse=True)
    return [*overview.live, *gone[:MOST_GONE]]


def _row(process: ProcessView) -> dict[str, Any]:
    circuits = [(circuit, _probe_at(process, circuit)) for circuit in process.circuits]
    return {"process": process, "circuits": circuits}


def _probe_at(process: ProcessView, circuit: CircuitView) -> datetime | None:
    if circuit.next_probe_in is None:
        return None
    return process.seen_at + timedelta(seconds=circuit.next_probe_in)
