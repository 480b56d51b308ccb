"""One act of an organization, proved to somebody who trusts nothing but the public keys."""

from __future__ import annotations

import pytest
from django.utils import timezone

from accounts.services import erasures
from audit.models import AuditRow
from audit.services import proofs
from audit.signatures import BrokenProofError
from tests.accounts.key_holders import made
from tests.accounts.organizations import Club
from tests.accounts.readers import happened, trail
from tests.audit.sealed import seal_all


@pytest.fixture
def club(api) -> Club:
    return Club(api)


def proof_of(club, row_id, by=None):
    return club.as_(by or club.owner, "GET", f"/audit/{row_id}/proof")


def published(api):
    return api.get("/.well-known/audit-jwks.json").json()["keys"]


def test_what_the_list_shows_is_proved_with_the_published_keys(api, club):
    rows = [happened(club, request_id=f"{number}") for number in range(5)]
    seal_all()
    shown = {row["id"]: row for row in trail(club)["results"]}
    for row in rows:
        proof = proof_of(club, row.pk).json()
        proofs.check(proof, published(api))
        sealed = shown[str(row.pk)]["sealed"]
        assert (sealed["sequence"], sealed["hash"]) == (proof["sequence"], proof["hash"])


def test_a_proof_holds_after_who_acted_was_erased_and_no_longer_with_other_words(api, club):
    leaving = club.joined("admin")
    club.as_(leaving, "PATCH", "", {"name": "Renamed"})
    seal_all()
    [row] = trail(club, actor=str(leaving.user.pk))["results"]
    before = proof_of(club, row["id"]).json()
    leaving.user.erase_at = timezone.now()
    leaving.user.save()
    erasures.erase_due(timezone.now())

    after = proof_of(club, row["id"]).json()

    assert before == after
    proofs.check(before, published(api))
    before["event"]["action"] = "organization.deleted"
    with pytest.raises(BrokenProofError):
        proofs.check(before, published(api))


def test_a_row_that_is_not_signed_has_no_proof_yet(club):
    row = happened(club)
    answer = proof_of(club, row.pk)
    assert (answer.status_code, answer.json()["error"]) == (409, "NOT_SIGNED_YET")
    seal_all()
    assert proof_of(club, row.pk).status_code == 200


def test_rows_of_others_and_of_nobody_are_not_there(api, club):
    other = Club(api)
    theirs = happened(other)
    nobodys = AuditRow.objects.filter(organization_id=None).latest("pk")
    seal_all()
    for row in (theirs, nobodys):
        assert proof_of(club, row.pk).status_code == 404
    assert proof_of(club, other.id).status_code == 404
    assert proof_of(club, theirs.pk, by=club.joined()).status_code == 403
    assert api.get(f"{other.path}/audit/{theirs.pk}/proof").status_code == 401
    key = made(other, "audit:read").text
    assert api.get(f"{other.path}/audit/{theirs.pk}/proof", token=key).status_code == 200
    assert api.get(f"{club.path}/audit/{theirs.pk}/proof", token=key).status_code == 404
