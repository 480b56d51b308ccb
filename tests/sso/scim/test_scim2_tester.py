"""The checks of scim2-tester, which nobody here wrote, each of them, in process."""

from __future__ import annotations

from collections import Counter

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from scim2_client.engines.wsgi import WSGISCIMClient
from scim2_tester import Status, check_server

from tests.sso.scim.provider import SCIM, Provider

_GOOD = {Status.SUCCESS, Status.COMPLIANT, Status.ACCEPTABLE}


def test_every_check_of_scim2_tester_passes(club):
    client = WSGISCIMClient(
        WSGIHandler(),
        base_url=f"{settings.PUBLIC_URL}{SCIM}",
        headers={"Authorization": f"Bearer {Provider(club).token}"},
    )

    results = check_server(client)

    summary = Counter(result.status.name for result in results)
    failures = [
        f"{result.status.name} {result.title}: {result.reason}"
        for result in results
        if result.status not in _GOOD
    ]
    assert failures == [], summary
    assert summary.total() > 130
