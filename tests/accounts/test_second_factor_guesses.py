"""Guessing at second factors: five wrong ones in a quarter of an hour, whichever they are."""

from __future__ import annotations

from collections import Counter

import pytest

from audit.models import AuditRow
from resilience.models import Counter as CounterRow
from tests.accounts.phones import MFA, asked, enrolled, show
from tests.api import Api
from tests.races import at_once

REAUTHENTICATE = "/api/v1/auth/reauthenticate"


def test_the_sixth_try_is_refused_though_it_is_right(api):
    ada, phone = enrolled(api)
    for _ in range(5):
        token = asked(api, ada.user.email)
        assert show(api, token, code=phone.wrong()).status_code == 401
    answer = show(api, asked(api, ada.user.email), code=phone.code())
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 900
    assert AuditRow.objects.filter(action="lockout.reached").count() == 1


def test_twenty_guesses_at_once_are_five(api):
    ada, phone = enrolled(api)
    tokens = [asked(api, ada.user.email) for _ in range(20)]
    wrong = phone.wrong()
    statuses = at_once(lambda n: show(Api(), tokens[n], code=wrong).status_code, times=20)
    assert Counter(statuses) == {401: 5, 429: 15}


@pytest.mark.asvs("6.3.1")
def test_all_factors_and_all_doors_share_one_count(api):
    ada, phone = enrolled(api)
    token = asked(api, ada.user.email)
    assert show(api, token, code=phone.wrong()).status_code == 401
    assert show(api, token, recovery_code="222222-222222-222222-222222").status_code == 401
    for _ in range(3):
        body = {"code": phone.wrong()}
        assert api.post(REAUTHENTICATE, body, token=ada.access).status_code == 401
    body = {"code": phone.code()}
    assert api.post(REAUTHENTICATE, body, token=ada.access).status_code == 429
    recovery = show(api, asked(api, ada.user.email), recovery_code=phone.recovery_codes[0])
    assert recovery.status_code == 429
    assert api.get(MFA, token=ada.access).status_code == 200


def test_a_success_clears_the_count_of_the_person(api):
    ada, phone = enrolled(api)
    for _ in range(4):
        show(api, asked(api, ada.user.email), code=phone.wrong())
    assert show(api, asked(api, ada.user.email), code=phone.code()).status_code == 200
    answers = [show(api, asked(api, ada.user.email), code=phone.wrong()) for _ in range(5)]
    assert {answer.status_code for answer in answers} == {401}


def test_one_token_bears_five_tries_whoever_signs_in_meanwhile(api):
    ada, phone = enrolled(api)
    token = asked(api, ada.user.email)
    for _ in range(4):
        show(api, token, code=phone.wrong())
    assert show(api, asked(api, ada.user.email), code=phone.code()).status_code == 200
    assert show(api, token, code=phone.wrong()).status_code == 401
    assert show(api, token, recovery_code=phone.recovery_codes[0]).status_code == 429


def test_a_token_of_nobody_is_counted_like_any_other(api):
    statuses = [show(api, "plm_nobody", code="123456").status_code for _ in range(6)]
    assert statuses == [401] * 5 + [429]


def test_a_lockout_ends_by_itself(api):
    ada, phone = enrolled(api)
    for _ in range(6):
        show(api, asked(api, ada.user.email), code=phone.wrong())
    CounterRow.objects.update(ends=0)
    assert show(api, asked(api, ada.user.email), code=phone.code()).status_code == 200
