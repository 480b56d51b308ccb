"""From the API to a receiver and back into the log: what is asked for is what arrives."""

from __future__ import annotations

import pytest

from audit.models import AuditRow
from resilience.leases import State
from tests.accounts.organizations import Club
from tests.servers.receiver import Receiver, answering
from tests.webhooks.club_endpoints import ClubEndpoint, sent
from tests.webhooks.trail import work

pytestmark = pytest.mark.usefixtures("transactional_db", "signing_key")


def test_a_test_arrives_signed_through_a_rotation_too_and_the_log_says_so(api, open_to, sending):
    receiver = open_to(Receiver(answering(200, b"thank you")))
    endpoint = ClubEndpoint(Club(api), url=receiver.url)
    ClubEndpoint(endpoint.club, url=receiver.url)
    second = endpoint.send("POST", "/rotate-secret").json()["secret"]
    for secret in (endpoint.secret, second):
        receiver.secret = secret
        delivery = endpoint.send("POST", "/test").json()
        work(sending)
        assert receiver.refused == []
        told = receiver.told[delivery["event_id"]]
        assert (told["type"], told["data"]["target"]["id"]) == ("webhook.test", endpoint.id)
        [shown, *_] = endpoint.deliveries()["results"]
        assert (shown["id"], shown["state"], shown["tries"]) == (delivery["id"], "delivered", 1)
        [made] = shown["latest"]
        assert (made["status"], made["error"], made["body"]) == (200, "", "thank you")
    assert len(receiver.told) == 2


def test_what_was_given_up_arrives_under_the_same_id_when_it_is_sent_once_more(
    api, open_to, sending
):
    receiver = open_to(Receiver())
    endpoint = ClubEndpoint(Club(api), url=receiver.url)
    receiver.secret = endpoint.secret
    tested = endpoint.send("POST", "/test").json()
    receiver.behaviour = answering(500)
    work(sending)
    given_up = sent(endpoint.id, state=State.ABANDONED, event_id=_event_of(endpoint))
    receiver.behaviour = answering(204)
    answer = endpoint.send("POST", "/redeliver", {"since": "2026-01-01T00:00:00Z"})
    assert answer.json()["deliveries"] == 1
    work(sending)
    assert receiver.tries == {tested["event_id"]: 1, str(given_up.event_id): 1}


def test_what_a_paused_endpoint_was_to_be_told_waits(api, open_to, sending):
    receiver = open_to(Receiver())
    endpoint = ClubEndpoint(Club(api), url=receiver.url)
    tested = endpoint.send("POST", "/test").json()
    endpoint.change(state="paused")
    work(sending)
    assert not receiver.tries
    endpoint.send("POST", "/enable")
    work(sending)
    assert receiver.tries == {tested["event_id"]: 1}


def _event_of(endpoint: ClubEndpoint):
    return AuditRow.objects.get(action="endpoint.created", target_id=endpoint.id).pk
