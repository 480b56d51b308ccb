"""Domains of organizations, proved by a record at a real name server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import OrganizationDomain
from accounts.services import attempts, domain_checks, domains
from audit.models import AuditRow
from plinto.kernel import services
from resilience import breakers
from resilience.text_records import TextRecords
from tests.accounts.organizations import Club
from tests.accounts.people import Person
from tests.races import at_once
from tests.servers.name_server import NameServer

NAME = "example.com"


class QuickRecords(TextRecords):
    """Asks with less patience, so that tests of silence are short."""

    def of(self, name: str, *, seconds: float = 0.3) -> list[str]:
        return super().of(name, seconds=seconds)


@pytest.fixture
def names() -> Iterator[NameServer]:
    breakers.forget("dns")
    with (
        NameServer() as server,
        services.override(TextRecords, QuickRecords(server.address)),
    ):
        yield server
    breakers.forget("dns")


@pytest.fixture
def club(api) -> Club:
    return Club(api)


def added(club: Club, name: str = NAME, *, by: Person | None = None) -> dict[str, Any]:
    answer = club.as_(by or club.owner, "POST", "/domains", {"domain": name})
    assert answer.status_code == 201, answer.content
    return answer.json()


def verify(club: Club, domain: dict[str, Any], *, by: Person | None = None):
    return club.as_(by or club.owner, "POST", f"/domains/{domain['id']}/verify")


def proved(club: Club, names: NameServer, name: str = NAME) -> dict[str, Any]:
    domain = added(club, name)
    names.place(domain["record"])
    answer = verify(club, domain)
    assert answer.status_code == 200, answer.content
    return answer.json()


def age(domain: dict[str, Any], **days: int) -> None:
    """Move moments of a domain into the past."""
    moments = {name: timezone.now() - timedelta(days=each) for name, each in days.items()}
    OrganizationDomain.objects.filter(pk=domain["id"]).update(**moments)


def test_a_domain_is_proved_by_the_record_that_the_answer_names(club, names):
    domain = added(club)
    record = domain["record"]
    assert (record["type"], record["name"]) == ("TXT", f"_plinto-challenge.{NAME}")
    assert record["value"].startswith("plinto-domain-verification=")
    names.texts[record["name"]] = ["v=spf1 -all"]
    names.place(record)
    answer = verify(club, domain)
    assert (answer.status_code, answer.json()["verified_at"] is not None) == (200, True)
    assert club.as_(club.owner, "GET", "/domains").json()["results"] == [answer.json()]
    rows = AuditRow.objects.filter(action__startswith="domain.").order_by("pk")
    assert [(row.action, row.outcome) for row in rows] == [
        ("domain.added", "success"),
        ("domain.verified", "success"),
    ]


@pytest.mark.parametrize("texts", [None, [], ["plinto-domain-verification="], ["another"]])
def test_a_domain_without_its_record_is_not_proved(club, names, texts):
    domain = added(club)
    if texts is not None:
        names.texts[domain["record"]["name"]] = texts
    answer = verify(club, domain)
    assert (answer.status_code, answer.json()["error"]) == (409, "DOMAIN_NOT_PROVED")
    assert answer.json()["details"]["record"] == domain["record"]
    assert AuditRow.objects.get(outcome="refused").reason == "record not found"


def test_the_record_of_another_organization_proves_nothing(api, club, names):
    other = Club(api)
    names.place(added(other)["record"])
    assert verify(club, added(club)).status_code == 409


def test_while_nobody_answers_nothing_is_proved_and_nobody_waits(club, names):
    domain = added(club)
    names.place(domain["record"])
    names.silent.add(domain["record"]["name"])
    answer = verify(club, domain)
    assert (answer.status_code, answer.json()["error"]) == (503, "DNS_UNAVAILABLE")
    assert int(answer.headers["Retry-After"]) > 0
    names.silent.clear()
    assert verify(club, domain).status_code == 200


def test_one_organization_at_a_time_has_proved_a_domain(api, club, names):
    first = proved(club, names)
    other = Club(api)
    second = added(other)
    # Who has not proved it does not learn that somebody has.
    assert verify(other, second).json()["error"] == "DOMAIN_NOT_PROVED"
    names.place(second["record"])
    assert verify(other, second).json()["error"] == "DOMAIN_TAKEN"
    assert club.as_(club.owner, "DELETE", f"/domains/{first['id']}").status_code == 204
    assert verify(other, second).status_code == 200


def test_of_organizations_that_prove_a_domain_at_once_one_has_it(api, names):
    clubs = [Club(api) for _ in range(3)]
    found = [added(club) for club in clubs]
    for domain in found:
        names.place(domain["record"])
    answers = at_once(lambda n: verify(clubs[n], found[n]).status_code, times=3)
    assert sorted(answers) == [200, 409, 409]
    assert OrganizationDomain.objects.filter(verified_at__isnull=False).count() == 1


def test_a_deleted_organization_gives_its_domain_back(api, club, names):
    proved(club, names)
    assert club.as_(club.owner, "DELETE").status_code == 204
    proved(Club(api), names)


@pytest.mark.parametrize(
    ("spelled", "name"),
    [("EXAMPLE.com.", "example.com"), ("bücher.example", "xn--bcher-kva.example")],
)
def test_a_domain_has_one_spelling(club, spelled, name):
    assert added(club, spelled)["domain"] == name
    again = club.as_(club.owner, "POST", "/domains", {"domain": name})
    assert (again.status_code, again.json()["error"]) == (409, "CONFLICT_ERROR")


_WRONG = """
com co.uk github.io 公司.cn 10.0.0.1 １.2.3.4 localhost a_b.com -a.com a..com *.example.com
a@example.com https://example.com example.com/a
"""
_TOO_LONG = ("x" * 64 + ".com", ".".join(["x" * 60] * 5))


@pytest.mark.parametrize(
    "wrong", [*_WRONG.split(), *_TOO_LONG, "", "a b.com", 7, None, ["example.com"], {}]
)
def test_what_is_no_domain_of_ones_own_is_refused(club, wrong):
    answer = club.as_(club.owner, "POST", "/domains", {"domain": wrong})
    assert (answer.status_code, list(answer.json()["details"]["fields"])) == (422, ["domain"])


def test_unknown_fields_are_refused(club):
    body = {"domain": NAME, "verified_at": "2030-01-01T00:00:00Z"}
    assert club.as_(club.owner, "POST", "/domains", body).status_code == 422


def test_who_may_configure_sso_manages_domains_and_others_do_not(api, club, names):
    domain = added(club)
    path = f"/domains/{domain['id']}"
    reader, stranger = club.holding("sso:read"), Club(api).owner
    asked = [("POST", "/domains"), ("POST", f"{path}/verify"), ("DELETE", path)]
    for person, status in ((reader, 403), (club.joined(), 403), (stranger, 404)):
        for method, where in asked:
            body = {"domain": NAME} if where == "/domains" else None
            assert club.as_(person, method, where, body).status_code == status
    listed = [club.as_(each, "GET", "/domains").status_code for each in (reader, stranger)]
    assert (listed, club.as_(club.joined(), "GET", "/domains").status_code) == ([200, 404], 403)
    assert not names.asked
    names.place(domain["record"])
    assert verify(club, domain, by=club.joined("admin")).status_code == 200


def test_a_domain_of_another_organization_is_not_found(api, club):
    foreign = added(Club(api))
    assert verify(club, foreign).status_code == 404
    assert club.as_(club.owner, "DELETE", f"/domains/{foreign['id']}").status_code == 404


def test_looks_are_limited_for_each_person(club, names):
    domain = added(club)
    now = timezone.now()
    bucket = attempts.Bucket.of(domains.LOOKED, club.owner.user.pk)
    for _ in range(domains.LOOKED.most):
        attempts.take(bucket, now=now)
    answer = verify(club, domain)
    assert (answer.status_code, answer.json()["error"]) == (429, "TOO_MANY_ATTEMPTS")
    assert not names.asked


def test_an_organization_has_fifty_domains_at_most(club):
    now = timezone.now()
    OrganizationDomain.objects.bulk_create(
        OrganizationDomain(
            organization_id=club.id, name=f"{number}.example.com", token="x", created_at=now
        )
        for number in range(domains.MOST)
    )
    answer = club.as_(club.owner, "POST", "/domains", {"domain": NAME})
    assert (answer.status_code, answer.json()["error"]) == (409, "CONFLICT_ERROR")


def test_a_record_that_vanishes_for_a_week_is_withdrawn_and_the_owners_are_told(
    club, names, letters
):
    domain = proved(club, names)
    names.texts.clear()
    assert domain_checks.check_due(timezone.now()) == 0
    age(domain, checked_at=1)
    assert domain_checks.check_due(timezone.now()) == 0
    [shown] = club.as_(club.owner, "GET", "/domains").json()["results"]
    assert (shown["verified_at"] is not None, shown["missing_since"] is not None) == (True, True)
    age(domain, checked_at=1, missing_since=7)
    assert domain_checks.check_due(timezone.now()) == 1
    [shown] = club.as_(club.owner, "GET", "/domains").json()["results"]
    assert (shown["verified_at"], shown["missing_since"]) == (None, None)
    [letter] = [each for each in letters() if "domain" in each.subject]
    assert (letter.to, NAME in letter.body) == ([club.owner.user.email], True)
    row = AuditRow.objects.get(action="domain.withdrawn")
    assert (row.actor_kind, row.organization_id) == ("system", club.id)


def test_a_record_that_comes_back_in_time_is_kept(club, names):
    domain = proved(club, names)
    age(domain, checked_at=1, missing_since=6)
    assert domain_checks.check_due(timezone.now()) == 0
    assert OrganizationDomain.objects.get().missing_since is None


def test_silence_withdraws_nothing(club, names):
    domain = proved(club, names)
    names.broken.add(domain["record"]["name"])
    age(domain, checked_at=1, missing_since=30)
    assert domain_checks.check_due(timezone.now()) == 0
    assert OrganizationDomain.objects.get().verified_at is not None


def test_of_two_workers_one_looks(club, names):
    domain = proved(club, names)
    names.texts.clear()
    age(domain, checked_at=1, missing_since=8)
    before = sum(names.asked.values())
    now = timezone.now()
    withdrawn = at_once(lambda _: domain_checks.check_due(now), times=2)
    assert (sum(withdrawn), sum(names.asked.values()) - before) == (1, 1)
    assert AuditRow.objects.filter(action="domain.withdrawn").count() == 1
