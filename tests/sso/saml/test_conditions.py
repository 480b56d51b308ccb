"""What a connection asks of an assertion, and its clock."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sso.facts import IdentityProvider, Policy, Refused
from sso.protocols.saml import library
from tests.sso.attacks.hostile import sealed
from tests.sso.attacks.signing import Signer, assertion_of, every, good, key_of, moment
from tests.sso.saml.parties import NOW, PROVIDER, REQUEST, provider, service, told, verify

TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"


def refusal(document: object, **changes: object) -> str:
    with pytest.raises(Refused) as refused:
        verify(document, **changes)
    return refused.value.reason


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


@pytest.mark.parametrize("years", [-5, 5])
def test_the_only_clock_is_the_callers(years):
    then = NOW + timedelta(days=365 * years)
    key = key_of("idp of all times", days=365 * 10)

    found = verify(good(told(now=then), key), now=then, idp=provider(key))

    assert found.arrival.authenticated_at == then


@pytest.mark.parametrize("skew", [0, 60, 120])
def test_the_providers_clock_may_be_off_by_the_skew_either_way_and_not_more(skew):
    policy = Policy(clock_skew=skew)
    late, early = told(now=NOW - timedelta(minutes=5)), told(now=NOW + timedelta(minutes=1))

    # Its documents end five minutes after it made them, and begin a minute before.
    assert verify(late, policy=policy, now=NOW + seconds(skew - 1))
    assert refusal(late, policy=policy, now=NOW + seconds(skew)).startswith("validity: expired")
    assert verify(early, policy=policy, now=NOW + seconds(60 - skew))
    assert refusal(early, policy=policy, now=NOW + seconds(59 - skew)).startswith("age:")


def test_a_confirmation_begins_and_ends_by_the_skew_too():
    begins, ends = moment(NOW + seconds(30)), moment(NOW - seconds(30))
    soon = f'NotBefore="{begins}" NotOnOrAfter="{moment(NOW + seconds(300))}"'

    for limits in (soon, f'NotOnOrAfter="{ends}"'):
        assert verify(told(confirmation_limits=limits), policy=Policy(clock_skew=60))
        reason = refusal(told(confirmation_limits=limits), policy=Policy(clock_skew=10))
        assert reason.startswith("validity:")


def test_an_assertion_need_not_be_remembered_once_it_is_refused_for_its_age():
    found = verify(told())

    for skew in (0, 120):
        policy, later = Policy(clock_skew=skew), found.usable_until
        assert refusal(told(), policy=policy, now=later).split(":")[0] in {"age", "validity"}
    assert found.usable_until == NOW + timedelta(minutes=5, seconds=120)


def test_only_a_certificate_in_force_is_believed_and_an_expired_one_is_named():
    expired = key_of("idp, expired", days=-1)
    response = good(told(), expired)

    reason = refusal(response, idp=provider(expired, key_of("idp")))

    assert reason.startswith("certificate: certificate expired on ")
    assert verify(told(), idp=provider(expired, key_of("idp")))


@pytest.mark.parametrize(
    ("certificates", "reason"),
    [((), "signature: not by a key"), (("AAAA",), "certificate: unreadable")],
)
def test_a_provider_without_a_certificate_that_can_be_read_is_not_believed(certificates, reason):
    without = IdentityProvider(
        entity_id=PROVIDER, sso_url="https://idp.example", certificates=certificates
    )

    assert refusal(told(), idp=without).startswith(reason)


def test_an_open_assertion_is_refused_where_an_encrypted_one_is_wanted():
    wanted = Policy(wants_encrypted=True)

    assert refusal(told(), policy=wanted).startswith("assertions: not encrypted")
    response = sealed(told(), key_of("idp"), key_of("plinto").certificate)
    assert verify(response, policy=wanted).arrival.subject == "ada@corp.example"


def test_an_assertion_that_nobody_asked_for_comes_in_only_where_it_may():
    unasked = told(request_id=None)

    assert refusal(unasked, request_id=None).startswith("in response to: unsolicited")
    found = verify(unasked, request_id=None, policy=Policy(allows_unsolicited=True))
    assert found.in_response_to is None


@pytest.mark.parametrize("changes", [{}, {"answers": ""}, {"confirms": ""}])
def test_an_answer_to_a_request_never_passes_for_one_that_nobody_asked_for(changes):
    allowed = Policy(allows_unsolicited=True)

    reason = refusal(told(**changes), request_id=None, policy=allowed)

    assert reason.startswith("in response to: answers a request")


@pytest.mark.parametrize(
    ("policy", "minutes", "is_accepted"),
    [
        (Policy(), 600, True),
        (Policy(max_age=3600), 59, True),
        (Policy(max_age=3600), 62, False),
        (Policy(is_proof_wanted=True), 9, True),
        (Policy(is_proof_wanted=True), 12, False),
        # A provider that ignores what it is asked has had the person for longer than the request.
        (Policy(is_proof_wanted=True, asked_at=NOW - timedelta(minutes=2)), 2, True),
        (Policy(is_proof_wanted=True, asked_at=NOW - timedelta(minutes=2)), 4, False),
        (Policy(asked_at=NOW - timedelta(minutes=2)), 4, True),
    ],
)
def test_a_person_proved_themselves_as_lately_as_is_asked(policy, minutes, is_accepted):
    proved = told(proved_at=NOW - timedelta(minutes=minutes))

    if is_accepted:
        assert verify(proved, policy=policy).arrival.authenticated_at == proved.proved_at
    else:
        assert refusal(proved, policy=policy).startswith("authentication:")


def test_a_proof_is_never_later_than_now():
    found = verify(told(proved_at=NOW + seconds(30)))

    assert found.arrival.authenticated_at == NOW


def test_people_may_be_known_by_an_attribute_instead_of_a_passing_name():
    policy = Policy(subject_attribute="uid")
    passing = told(name_format=TRANSIENT, name_id="_3f7b3dcf", attributes=(("uid", ("ada",)),))

    assert verify(passing, policy=policy).arrival.subject == "ada"
    assert "_3f7b3dcf" in verify(passing, policy=policy).arrival.hint


@pytest.mark.parametrize("values", [(), ("",), ("ada", "eve"), ("ädä",), ("a" * 256,)])
def test_an_attribute_that_names_nobody_or_two_is_refused(values):
    policy = Policy(subject_attribute="uid")

    reason = refusal(told(attributes=(("uid", values),)), policy=policy)

    assert reason.startswith("subject:")


@pytest.mark.parametrize(
    "name", ["ädä@corp.example", "ada@corp.example\u202e", "a" * 256, " ", " ada"]
)
def test_a_name_that_could_not_be_kept_whole_or_looks_like_another_is_refused(name):
    assert refusal(told(name_id=name)).startswith("subject:")


@pytest.mark.parametrize(
    "change",
    [
        lambda response: every(response, "SubjectConfirmation")[0].set("Method", "urn:x"),
        lambda response: every(response, "SubjectConfirmation")[0].addnext(
            every(told().tree(), "SubjectConfirmation")[0]
        ),
        lambda response: (
            every(response, "SubjectConfirmationData")[0]
            .getparent()
            .remove(every(response, "SubjectConfirmationData")[0])
        ),
        lambda response: (
            every(response, "Subject")[0].getparent().remove(every(response, "Subject")[0])
        ),
    ],
    ids=["another method", "two", "no data", "no subject"],
)
def test_one_confirmation_of_a_bearer_is_wanted(change):
    response = told().tree()
    change(response)
    Signer(key_of("idp")).sign(assertion_of(response))

    assert refusal(response).startswith("confirmation:")


def test_python3_saml_has_the_last_word():
    response = good(told(audiences=""), key_of("idp"))
    asked = {"opened": None, "idp": provider(), "signed": {f"{response.tag}"}}

    library.judge_response(response, sp=service(), request_id=REQUEST, **asked)
    with pytest.raises(Refused, match=r"^library:"):
        library.judge_response(response, sp=service(), request_id="_other", **asked)


def test_what_a_forger_writes_into_a_reason_is_no_address_and_no_markup():
    for issuer in ("eve@evil.example", "<b>x", "a" * 500):
        reason = refusal(told(issuer=issuer.replace("<", "&lt;")))
        assert reason == "issuer: something unreadable is another provider"
