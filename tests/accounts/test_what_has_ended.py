"""What was disabled, revoked or expired, against every credential there is; Redis up and gone."""

from __future__ import annotations

import pytest

from tests.accounts.credentials import CREDENTIALS, Holder
from tests.accounts.endings import ENDINGS, Ending


@pytest.mark.parametrize("ending", ENDINGS, ids=str)
def test_every_credential_has_an_answer_to_every_ending(ending: Ending):
    assert ending.refused | set(ending.works) == set(CREDENTIALS)
    assert not ending.refused & set(ending.works)


@pytest.mark.parametrize("is_there", [True, False], ids=["redis-up", "redis-gone"])
@pytest.mark.parametrize("ending", ENDINGS, ids=str)
def test_what_has_ended_is_refused_at_once(
    api, idp, letters, request, subtests, ending: Ending, is_there
):
    # A run without any Redis has none to kill, and is one where it is gone from the start.
    redis = None if is_there else request.getfixturevalue("redis_server")
    holder = Holder(api, idp)
    # Copies of what is about to end are as warm as they get.
    assert holder.works("access_token")
    assert holder.works("admin_session")
    if redis:
        redis.kill()
    ending.happen(holder, letters)
    for name in CREDENTIALS:
        with subtests.test(credential=name):
            assert holder.works(name) is (name not in ending.refused)
