"""The lists of the admin site: what they show, what they never show, and what they cost."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import OutboundMail, Registration, Session, SigningKey
from accounts.services import keys
from accounts.services.mail import get_email_service
from audit.models import AuditRow
from resilience.models import Counter
from tests.accounts.people import signed_in
from tests.accounts.staff import PEOPLE, SESSIONS, act, browser_of, helper
from tests.factories import AdministratorFactory, UserFactory

KEYS = "/admin/accounts/signingkey/"
MAIL = "/admin/accounts/outboundmail/"
REGISTRATIONS = "/admin/accounts/registration/"
ATTEMPTS = "/admin/resilience/counter/"
LISTS = (PEOPLE, SESSIONS, KEYS, MAIL, REGISTRATIONS, ATTEMPTS, "/admin/auth/group/", "/admin/")


def a_session(number=0, **columns):
    now = timezone.now()
    given = {
        "created_at": now,
        "last_seen_at": now,
        "authenticated_at": now,
        "proved_at": now,
        "expires_at": now + timedelta(days=1),
        "refresh_digest": b"REFRESHDIGEST%018d" % number,
        "spent_refresh_digest": b"SPENTDIGEST%021d" % number,
        "agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0",
    }
    return Session.objects.create(**{"user": UserFactory(), **given, **columns})


def a_letter(**columns):
    with transaction.atomic():
        context = {"link": "https://example.com/#token=SECRETLINK", "expires_in_minutes": 30}
        key = get_email_service().queue(
            "set_password", to="ada@example.com", context=context, now=timezone.now()
        )
    OutboundMail.objects.filter(pk=key).update(**columns)
    return OutboundMail.objects.get(pk=key)


def a_row_of_everything(number):
    a_session(number)
    a_letter()
    with transaction.atomic():
        keys.rotate(now=timezone.now(), sign_in=timedelta(), overlap=timedelta(days=1))
    Registration.objects.create(
        email="ada@example.com",
        email_key="ada@example.com",
        password="argon2$REGISTRATIONHASH",
        handle_digest=b"HANDLEDIGEST%020d" % number,
        created_at=timezone.now(),
        expires_at=timezone.now() + timedelta(days=1),
    )
    Counter.objects.create(scope="code", subject=f"SUBJECTDIGEST{number}", count=1, ends=2**31)


def spellings(secret):
    """Every form in which a column might slip into a page."""
    raw = secret if isinstance(secret, bytes) else secret.encode()
    forms = {raw.hex(), base64.b64encode(raw).decode(), repr(raw)[2:-1]}
    return {form.replace("'", "&#x27;") for form in forms} | forms


def secrets_kept():
    for model, columns in (
        (Session, ("refresh_digest", "spent_refresh_digest")),
        (SigningKey, ("private_key",)),
        (OutboundMail, ("sealed_context",)),
        (Registration, ("password", "handle_digest")),
        (Counter, ("subject",)),
    ):
        for row in model.objects.values_list(*columns):
            yield from (bytes(v) if isinstance(v, memoryview) else v for v in row)


@pytest.mark.parametrize("page", LISTS)
def test_thirty_rows_cost_as_many_queries_as_five(page):
    browser = browser_of()
    counts = []
    for number in range(30):
        a_row_of_everything(number)
        if number in {4, 29}:
            with CaptureQueriesContext(
                connection,
            ) as captured:
                assert browser.get(page).status_code == 200
            counts.append(len(captured))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("page", [PEOPLE, "/admin/auth/group/"])
def test_a_choice_of_permissions_costs_one_query_and_not_one_each(page):
    group, administrator = Group.objects.create(name="Support"), AdministratorFactory()
    browser = browser_of(administrator)
    key = administrator.pk if page == PEOPLE else group.pk
    with CaptureQueriesContext(connection) as captured:
        assert browser.get(f"{page}{key}/change/").status_code == 200
    assert len(captured) < 15


def test_no_page_shows_a_secret():
    administrator, browser = AdministratorFactory(), browser_of()
    a_row_of_everything(1)
    rows = (
        (PEOPLE, administrator.pk),
        (SESSIONS, Session.objects.first().pk),
        (KEYS, SigningKey.objects.first().pk),
        (MAIL, OutboundMail.objects.get().pk),
        (REGISTRATIONS, Registration.objects.get().pk),
        (ATTEMPTS, Counter.objects.first().pk),
    )
    paths = [*LISTS, *(f"{page}{key}/change/" for page, key in rows)]
    pages = "".join(browser.get(path, follow=True).content.decode() for path in paths)
    hidden = [*secrets_kept(), administrator.password, administrator.password.split("$")[-1]]
    assert [
        form for secret in hidden if secret for form in spellings(secret) if form in pages
    ] == []
    assert "argon2" not in pages
    assert "SECRETLINK" not in pages


@pytest.mark.parametrize(
    ("page", "lookup"),
    [
        (PEOPLE, "password__startswith"),
        (SESSIONS, "user__password__startswith"),
        (SESSIONS, "refresh_digest__gt"),
        (REGISTRATIONS, "password__startswith"),
        (KEYS, "private_key__startswith"),
        (ATTEMPTS, "subject__startswith"),
        (MAIL, "sealed_context__gt"),
    ],
)
def test_a_filter_in_the_address_does_not_spell_out_a_secret(page, lookup):
    assert browser_of().get(page, {lookup: "a"}).status_code == 400


@pytest.mark.parametrize("page", [SESSIONS, KEYS, MAIL, REGISTRATIONS, ATTEMPTS])
def test_even_a_superuser_only_looks_at_records(page):
    a_row_of_everything(1)
    browser = browser_of()
    assert browser.get(f"{page}add/").status_code == 403
    model = {KEYS: SigningKey, SESSIONS: Session, MAIL: OutboundMail}.get(page, Counter)
    row = Registration.objects.get() if page == REGISTRATIONS else model.objects.first()
    assert browser.post(f"{page}{row.pk}/change/", {"name": "x"}).status_code == 403
    assert browser.post(f"{page}{row.pk}/delete/", {"post": "yes"}).status_code == 403


@pytest.mark.asvs("7.4.5")
def test_a_session_ended_in_the_list_is_refused_at_the_next_request(api):
    person = signed_in(api)
    session = Session.objects.get()
    administrator = AdministratorFactory()
    assert "Sessions ended: 1." in act(browser_of(administrator), "end", session, page=SESSIONS)
    assert api.get("/api/v1/me", token=person.access).status_code == 401
    row = AuditRow.objects.get(action="session.ended")
    assert (row.actor_kind, row.actor_id) == ("staff", str(administrator.pk))


def test_staff_end_sessions_of_people_but_not_of_superusers():
    person, superuser = a_session(1), a_session(2, user=AdministratorFactory())
    browser = browser_of(helper("view_session", "change_session"))
    assert "Sessions ended: 1." in act(browser, "end", person, superuser, page=SESSIONS)
    superuser.refresh_from_db()
    assert superuser.ended_at is None


def test_a_view_permission_does_not_end_sessions():
    session = a_session()
    act(browser_of(helper("view_session")), "end", session, page=SESSIONS)
    session.refresh_from_db()
    assert session.ended_at is None


def test_sessions_are_filtered_by_state_and_found_by_person():
    now = timezone.now()
    a_session(1, user=UserFactory(email="live@example.com"))
    a_session(2, user=UserFactory(email="over@example.com"), expires_at=now)
    a_session(3, user=UserFactory(email="left@example.com"), ended_at=now)
    browser = browser_of()

    def shown(**query):
        page = browser.get(SESSIONS, query).content.decode()
        return [name for name in ("live", "over", "left") if f"{name}@example.com" in page]

    assert shown(state="live") == ["live"]
    assert shown(state="ended") == ["over", "left"]
    assert shown(q="OVER@") == ["over"]


def test_the_page_of_a_person_leads_to_their_sessions():
    mine, browser = a_session(1), browser_of()
    a_session(2, user=UserFactory(email="other@example.com"))
    page = browser.get(f"{PEOPLE}{mine.user_id}/change/").content.decode()
    address = f"{SESSIONS}?user__id__exact={mine.user_id}"
    assert address in page
    found = browser.get(address).content.decode()
    assert mine.user.email in found
    assert "other@example.com" not in found


def test_each_signing_key_says_what_it_is_for_now():
    now = timezone.now()
    SigningKey.objects.all().delete()
    for kid, signs_from, until in (
        ("kid-retired", now - timedelta(days=3), now - timedelta(days=1)),
        ("kid-published", now - timedelta(days=2), now + timedelta(days=1)),
        ("kid-signing", now - timedelta(days=1), None),
        ("kid-waiting", now + timedelta(days=1), None),
    ):
        columns = {"algorithm": "EdDSA", "private_key": b"", "public_jwk": {}, "created_at": now}
        SigningKey.objects.create(kid=kid, signs_from=signs_from, published_until=until, **columns)
    changelist = browser_of().get(KEYS).context["cl"]
    states = {key.kid.removeprefix("kid-"): key.state_now for key in changelist.result_list}
    assert states == {name: name for name in ("retired", "published", "signing", "waiting")}


def test_a_letter_that_waits_for_another_try_goes_out_now(letters):
    later = timezone.now() + timedelta(hours=1)
    waiting, held = a_letter(due_at=later), a_letter(due_at=later, lease=AdministratorFactory().pk)
    page = act(browser_of(), "send_now", waiting, held, page=MAIL)
    assert "Letters that go out now: 1." in page
    assert len(letters()) == 1
    assert AuditRow.objects.get(action="admin.changed").target_id == str(waiting.pk)


def test_a_settled_letter_is_not_sent_again(letters):
    sent = a_letter(state="settled", settled_at=timezone.now(), sealed_context=b"")
    assert "Letters that go out now: 0." in act(browser_of(), "send_now", sent, page=MAIL)
    assert letters() == []


def test_the_end_of_a_window_is_shown_as_a_time():
    Counter.objects.create(
        scope="code", subject="x", count=3, ends=datetime(2040, 1, 2, tzinfo=UTC).timestamp()
    )
    assert "Jan. 2, 2040" in browser_of().get(ATTEMPTS).content.decode()


def test_pages_carry_the_policy_and_no_inline_script():
    answer = browser_of().get(PEOPLE)
    assert "default-src 'self'" in answer["Content-Security-Policy"]
    assert "unsafe-inline" not in answer["Content-Security-Policy"]
    scripts = answer.content.decode().split("<script")[1:]
    assert all("src=" in script.split(">")[0] for script in scripts)
    assert " style=" not in answer.content.decode()
