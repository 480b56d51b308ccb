"""Factors are spent by the database: whoever forgets to lock the person still spends them once."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from accounts.errors import InvalidCode
from accounts.services import factor_codes
from accounts.services.factor_codes import Answer
from accounts.services.passkey_challenges import SIGN_IN
from tests.accounts.phones import enrolled
from tests.races import at_once


def spent(user_id, answer, *, times):
    now = timezone.now()

    def spend(number: int) -> bool:
        try:
            with transaction.atomic():
                factor_codes.spend(user_id, answer, occasion=SIGN_IN, now=now)
        except InvalidCode:
            return False
        return True

    return at_once(spend, times=times)


def test_of_eight_who_spend_one_code_without_a_lock_one_does(api):
    ada, phone = enrolled(api)
    assert sum(spent(ada.user.pk, Answer(code=phone.code()), times=8)) == 1


def test_of_eight_who_spend_one_recovery_code_without_a_lock_one_does(api):
    ada, phone = enrolled(api)
    assert sum(spent(ada.user.pk, Answer(recovery_code=phone.recovery_codes[0]), times=8)) == 1


def test_what_was_spent_in_a_transaction_that_fails_is_not_spent(api):
    ada, phone = enrolled(api)
    answer = Answer(recovery_code=phone.recovery_codes[0])
    with transaction.atomic():
        factor_codes.spend(ada.user.pk, answer, occasion=SIGN_IN, now=timezone.now())
        transaction.set_rollback(True)
    assert factor_codes.unused(ada.user.pk) == 10
