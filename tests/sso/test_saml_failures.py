"""What a person sees when something else has failed, and what goes on all the same."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from accounts.models import Session
from sso.models import ServiceKey, SignIn
from sso.services import service_keys
from tests.accounts.people import signed_in
from tests.api import Api
from tests.servers.process import free_port
from tests.sso.attacks.signing import form, good, key_of
from tests.sso.saml_travellers import Corporation, follow


@pytest.fixture
def corp(club) -> Corporation:
    return Corporation(club)


def is_page(answer, status: int, sentence: str) -> bool:
    text = answer.content.decode()
    return answer.status_code == status and sentence in text and "Request " in text


def test_while_the_provider_is_down_browsers_are_still_sent_there_by_its_last_metadata(corp, api):
    gone = f"http://127.0.0.1:{free_port()}"
    corp.set(sso_url=f"{gone}/sso", metadata_url=f"{gone}/metadata")
    asked = corp.asked(api)
    assert asked.document.get("Destination") == f"{gone}/sso"
    assert corp.come_back(api, asked).status_code == 303
    assert signed_in(Api()).access


def test_a_sign_in_that_the_provider_answers_too_late_is_told_so(corp, api):
    asked = corp.asked(api)
    SignIn.objects.update(expires_at=timezone.now())
    answer = corp.post(api, corp.answer(asked), asked.relay_state)
    assert is_page(answer, 400, "took too long")


def test_an_expired_certificate_is_named_in_the_trail(corp, api):
    expired = key_of("expired", days=-1)
    corp.set(certificates=[expired.certificate])
    asked = corp.asked(api)
    value = form(good(corp.told(asked), expired))
    assert is_page(corp.post(api, value, asked.relay_state), 400, "cannot be accepted")
    assert "expired" in corp.refusals()[0]


def test_both_certificates_of_a_rollover_are_accepted(corp, api):
    corp.set(certificates=[key_of("next").certificate, corp.key.certificate])
    assert corp.signed_in(Api())
    corp.key = key_of("next")
    assert corp.signed_in(Api())


@pytest.mark.parametrize(("seconds", "status"), [(-50, 303), (50, 303), (-900, 400), (900, 400)])
def test_a_clock_may_be_wrong_by_as_much_as_the_connection_forgives(corp, api, seconds, status):
    asked = corp.asked(api)
    theirs = timezone.now() + timedelta(seconds=seconds)
    value = corp.answer(asked, now=theirs)
    assert corp.post(api, value, asked.relay_state).status_code == status


def refuse(*_: object) -> None:
    raise OperationalError("the connection is lost")


@pytest.mark.parametrize("door", ["login", "acs?handle=x", "sls?SAMLRequest=x"])
def test_without_the_database_the_page_says_when_to_come_back(corp, api, door):
    with connection.execute_wrapper(refuse):
        answer = api.get(f"{corp.path}/{door}")
    assert is_page(answer, 503, "busy or recovering")
    assert int(answer["Retry-After"]) > 0


def test_an_answer_that_comes_without_the_database_can_be_sent_again(corp, api):
    asked = corp.asked(api)
    value = corp.answer(asked)
    with connection.execute_wrapper(refuse):
        assert corp.post(api, value, asked.relay_state).status_code == 503
    posted = corp.post(api, value, asked.relay_state)
    with connection.execute_wrapper(refuse):
        assert follow(api, posted).status_code == 503
    assert follow(api, posted).status_code == 303


def test_a_refusal_that_cannot_be_recorded_is_none(corp, api):
    """No row, no answer: an attacker must not be able to choose a moment without a trail."""

    def but_the_trail(execute, sql, *rest):
        if sql.startswith("INSERT") and "audit_row" in sql:
            raise OperationalError("read-only")
        return execute(sql, *rest)

    with connection.execute_wrapper(but_the_trail):
        assert is_page(corp.post(api, "x"), 503, "busy or recovering")


@pytest.mark.parametrize("harm", ["no key", "another field key"])
def test_without_a_service_key_nobody_is_sent_out_unsigned(corp, api, settings, harm):
    if harm == "no key":
        ServiceKey.objects.all().delete()
    else:
        settings.FIELD_KEYS = ["MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI="]
    # As in a process that has just begun.
    service_keys.ring.renew()
    assert is_page(corp.login(api), 503, "busy or recovering")


def test_with_redis_dead_people_sign_in_once_as_ever(corp, api, redis_server):
    redis_server.kill()
    asked = corp.asked(api)
    value = corp.answer(asked)
    posted = corp.post(api, value, asked.relay_state)
    assert follow(api, posted).status_code == 303
    assert corp.post(api, value, asked.relay_state).status_code == 400
    assert Session.objects.filter(connection_id=corp.connection.pk).count() == 0
