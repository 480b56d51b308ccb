"""A provider that was asked for a fresh proof cannot pass an earlier one for it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.accounts.organizations import Club
from tests.api import Api
from tests.sso.saml_travellers import Corporation


@pytest.mark.parametrize(("prompt", "status"), [("login", 400), ("", 303)])
def test_a_proof_from_before_it_was_asked_for_counts_only_where_none_was(
    club: Club, api: Api, prompt: str, status: int
):
    corp = Corporation(club)
    asked = corp.asked(api, prompt=prompt)
    # Younger than a request may be, so only the moment of the request tells.
    earlier = timezone.now() - timedelta(minutes=5)

    answer = corp.post(api, corp.answer(asked, proved_at=earlier), asked.relay_state)

    assert answer.status_code == status
    assert [reason.split(":")[0] for reason in corp.refusals()] == (
        ["authentication"] if prompt else []
    )
