"""Ways to a provider and back: where they may end, and that each is answered once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from sso.facts import Arrival, Refused
from sso.models import ConsumedAssertion, SignIn
from sso.services import consumption, sign_ins
from tests.races import at_once
from tests.sso.saml_travellers import APP, made_connection


@pytest.fixture
def connection(club):
    return made_connection(
        club, entity_id="https://idp.example", sso_url="https://idp.example/sso", certificates=[]
    )


def begun(connection, *, now=None, **fields):
    told = {"redirect_uri": "", "browser": "", **fields}
    return sign_ins.begin(connection, now=now or timezone.now(), **told)


def test_a_browser_goes_to_the_first_address_of_the_connection_unless_it_names_another(
    connection, settings
):
    assert begun(connection).sign_in.redirect_uri == APP
    settings.SOCIAL_REDIRECT_URIS = ["https://other.example/in"]
    for listed in (APP, "https://other.example/in", "http://localhost:8000/signed-in"):
        assert begun(connection, redirect_uri=listed).sign_in.redirect_uri == listed
    connection.redirect_uris = []
    assert begun(connection).sign_in.redirect_uri == "http://localhost:8000/signed-in"


@pytest.mark.parametrize(
    "wanted",
    [
        f"{APP}&more",
        APP[:-1],
        APP.upper(),
        APP.replace("http://", "https://"),
        "//app.example/signed-in",
        "http://app.example@evil.example/",
        "http://localhost:8000/signed-in/",
        "\x00",
    ],
)
def test_an_address_that_only_resembles_a_listed_one_is_refused(connection, wanted):
    with pytest.raises(Refused, match="redirect_uri"):
        begun(connection, redirect_uri=wanted)
    assert not SignIn.objects.exists()


def test_of_twenty_answers_at_once_one_is_taken(connection):
    way = begun(connection)

    def answer(_):
        try:
            return sign_ins.claim(connection, way.state, browser=way.browser, now=timezone.now()).pk
        except Refused as refusal:
            return refusal.reason

    taken = at_once(answer, times=20)
    assert taken.count(way.sign_in.pk) == 1


@pytest.mark.parametrize("browser", ["", "plb_another"])
def test_the_answer_of_another_browser_is_refused_and_spends_nothing(connection, browser):
    way, now = begun(connection), timezone.now()
    with pytest.raises(Refused, match="browser"):
        sign_ins.claim(connection, way.state, browser=browser, now=now)
    assert sign_ins.claim(connection, way.state, browser=way.browser, now=now) == way.sign_in


def test_an_answer_at_another_connection_or_after_ten_minutes_is_refused(connection, club):
    way, now = begun(connection), timezone.now()
    other = made_connection(club, entity_id="e", sso_url="s", certificates=[])
    for where, when in ((other, now), (connection, now + timedelta(minutes=11))):
        with pytest.raises(Refused):
            sign_ins.claim(where, way.state, browser=way.browser, now=when)


def test_ways_that_are_voided_come_to_nothing(connection):
    way, now = begun(connection), timezone.now()
    sign_ins.void(connection, now=now)
    with pytest.raises(Refused):
        sign_ins.claim(connection, way.state, browser=way.browser, now=now)


def test_what_has_expired_is_cleared_away_and_what_goes_on_is_not(connection):
    now = timezone.now()
    begun(connection, now=now - timedelta(hours=1))
    going_on = begun(connection)
    consumption.remember(connection, "_old", usable_until=now - timedelta(hours=1))
    consumption.remember(connection, "_new", usable_until=now)
    assert (sign_ins.trim(now=now), consumption.trim(now=now)) == (1, 1)
    assert [row.pk for row in SignIn.objects.all()] == [going_on.sign_in.pk]
    assert ConsumedAssertion.objects.count() == 1


def test_what_a_provider_posted_is_kept_whole_and_given_to_its_browser_once(connection):
    way, now = begun(connection), timezone.now()
    said = Arrival("ada", {"mail": ("ada@example.com",)}, ("pwd",), now, "_session", hint="{}")
    handle = consumption.consume(way.sign_in, said, assertion_id="_a", usable_until=now, now=now)
    with pytest.raises(Refused, match="another browser"):
        consumption.arrived(connection, handle, browser="plb_another", now=now)
    _, arrival, browser = consumption.arrived(connection, handle, browser=way.browser, now=now)
    assert (arrival, browser) == (said, way.browser)
    with pytest.raises(Refused, match="handle"):
        consumption.arrived(connection, handle, browser=way.browser, now=now)
    assert SignIn.objects.get().sealed_arrival is None


def test_an_assertion_that_answers_two_requests_is_taken_for_one(connection):
    said, now = Arrival("ada", {}), timezone.now()
    first, second = begun(connection), begun(connection)
    consumption.consume(first.sign_in, said, assertion_id="_a", usable_until=now, now=now)
    with pytest.raises(Refused, match="replay"):
        consumption.consume(second.sign_in, said, assertion_id="_a", usable_until=now, now=now)
    assert SignIn.objects.get(pk=second.sign_in.pk).answered_at is None
