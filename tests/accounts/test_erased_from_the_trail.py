"""Somebody with a thousand rows in the trail is erased: nothing tells of them, all verifies."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.services import erasures, sessions
from audit.events import Event
from audit.models import AuditRow
from audit.records import keys_of
from audit.services import checkpoint_keys, proofs, sealed
from audit.services.record import get_audit_service
from audit.services.sealing import QUEUE
from plinto.kernel.origin import Origin
from resilience.worker import Shift, run_until_idle
from tests.accounts import every_table
from tests.accounts.organizations import Club
from tests.accounts.people import signed_in
from tests.audit.rows import told
from tests.audit.verifying import keys_file, lines_file, verdict
from tests.factories import UserFactory

ADDRESS, NAME = "ada.lovelace@example.com", "Augusta Ada Byron"
AGENT, PLACE = "Difference Engine/2", "203.0.113.77"
ORIGIN = Origin(address=PLACE, agent=AGENT, request_id="req-00000001", session_id=None)
TRACES = (ADDRESS.partition("@")[0], NAME, AGENT, PLACE)

pytestmark = pytest.mark.django_db(transaction=True)


def seal():
    run_until_idle([QUEUE], shift=Shift())


def thousand_acts(person, club):
    """Half of them in the chain of an organization, half in the deployment's own."""
    with transaction.atomic():
        return [
            get_audit_service().record(
                Event.USER_UPDATED,
                actor=sessions.actor_of(person),
                target=sessions.target_of(person),
                origin=ORIGIN,
                organization_id=club.id if number % 2 else None,
                changes={"name": (NAME, f"{NAME} the {number}th"), "email": (ADDRESS, ADDRESS)},
            )
            for number in range(1000)
        ]


@pytest.mark.usefixtures("letters")
def test_a_person_with_a_thousand_events_is_forgotten_and_everything_still_verifies(api, tmp_path):
    ada = signed_in(api, user=UserFactory(email=ADDRESS, name=NAME))
    club = Club(api)
    club.joined(person=ada)
    event = thousand_acts(ada.user, club)[501]
    seal()
    keys, proof = checkpoint_keys.published(), proofs.prove(club.id, event)
    kept = lines_file(tmp_path, "kept.jsonl", sealed.checkpoints(club.id))
    assert told(AuditRow.objects.get(pk=event)).changes["name"][0] == NAME
    assert "accounts_user.email" in every_table.columns_with(*TRACES)

    assert api.delete("/api/v1/me", token=ada.access).status_code == 202
    assert erasures.erase_due(timezone.now() + timedelta(days=15)) == 1
    seal()

    assert every_table.columns_with(*TRACES) == set()
    theirs = AuditRow.objects.filter(target_id=str(ada.user.pk))
    assert theirs.count() >= 1000
    assert told(theirs.get(pk=event)).changes == {}
    assert verdict(checkpoints=kept).status == 0
    proofs.check(proof, keys)
    assert proofs.prove(club.id, event) == proof
    export = lines_file(tmp_path, "export.jsonl", sealed.records(club.id))
    trusted = keys_file(tmp_path, *keys_of({"keys": keys}).values())
    assert verdict(file=export, keys=trusted, checkpoints=kept).status == 0
    assert not any(trace in export.read_text() for trace in TRACES)
