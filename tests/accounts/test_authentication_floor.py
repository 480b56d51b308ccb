"""Small promises of authentication that belong to no one use case."""

from __future__ import annotations

import ast
import inspect
import re
from base64 import urlsafe_b64decode
from datetime import timedelta
from email.utils import format_datetime

import pytest
from django.db.migrations import RunPython, RunSQL
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from accounts.models import Identity, RecoveryCode
from accounts.rules import one_time_codes
from tests.accounts.authenticators import options_to_sign_in
from tests.accounts.people import code_in, signed_in
from tests.accounts.phones import asked, enrolled, show
from tests.accounts.staff import SESSIONS, browser_of
from tests.accounts.travellers import come_back, sent_to
from tests.factories import PASSWORD, UserFactory
from tests.project.tree import name_of, python_files
from tests.servers.identity_provider import Person


@pytest.mark.asvs("6.3.2")
def test_no_migration_and_no_fixture_brings_an_account(root):
    migrations = MigrationLoader(None, ignore_no_migrations=True).disk_migrations.values()
    steps = [step for migration in migrations for step in migration.operations]
    run = [inspect.getsource(step.code) for step in steps if isinstance(step, RunPython)]
    told = [str(step.sql) for step in steps if isinstance(step, RunSQL)]

    assert run
    making = re.compile(r"create|\.save\(|insert\s+into|copy\s", re.IGNORECASE)
    assert [text for text in run if making.search(text) and "User" in text] == []
    assert [text for text in told if making.search(text) and "accounts_user" in text] == []
    assert list(root.glob("*/fixtures")) == []


@pytest.mark.asvs("6.5.8")
def test_the_clock_of_a_client_makes_no_old_code_good(api):
    ada, phone = enrolled(api)
    an_hour_ago = timezone.now() - timedelta(hours=1)

    answer = api.post(
        "/api/v1/auth/login/mfa",
        {"mfa_token": asked(api, ada.user.email), "code": phone.code(steps_ago=120)},
        headers={"Date": format_datetime(an_hour_ago)},
    )

    assert answer.status_code == 401
    assert show(api, asked(api, ada.user.email), code=phone.code()).status_code == 200


@pytest.mark.asvs("6.7.2")
def test_a_passkey_has_256_random_bits_to_answer(api):
    challenges = {options_to_sign_in(api)["challenge"] for _ in range(3)}

    assert len(challenges) == 3
    assert {len(urlsafe_b64decode(f"{text}==")) for text in challenges} == {32}


@pytest.mark.asvs("7.2.3")
def test_a_refresh_token_has_256_bits_that_no_other_has(api):
    ada = signed_in(api)
    pairs = [ada, signed_in(api, user=ada.user)]

    raw = [urlsafe_b64decode(pair.refresh.removeprefix("plr_") + "==") for pair in pairs]

    assert [len(token[16:48]) for token in raw] == [32, 32]
    assert raw[0][16:48] != raw[1][16:48]


@pytest.mark.asvs("6.5.2", "6.5.4")
def test_a_mailed_code_has_six_digits_and_a_recovery_code_118_bits(api, letters):
    api.post("/api/v1/auth/register", {"email": "ada@example.com", "password": PASSWORD})
    _, phone = enrolled(api)

    assert len(code_in(letters()[0])) == 6
    written = [code.replace("-", "") for code in phone.recovery_codes]
    assert {len(code) for code in written} == {24}
    # Of 31 characters, all of which come: 24 of them are 118.9 bits.
    assert len(set("".join(written))) > 28
    kept = [bytes(row.code_digest) for row in RecoveryCode.objects.all()]
    assert {len(digest) for digest in kept} == {32}
    assert not [code for code in written if code.encode() in b"".join(kept)]


@pytest.mark.asvs("6.5.3")
def test_nothing_that_is_secret_is_drawn_from_a_predictable_source():
    drawing = {
        name_of(path)
        for path in python_files("accounts", "audit", "plinto", "resilience", "webhooks")
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.Import) and any(alias.name == "random" for alias in node.names))
        or (isinstance(node, ast.ImportFrom) and node.module == "random")
    }

    # These only spread moments in time.
    assert drawing == {
        "accounts/services/outbox.py",
        "audit/services/publishing.py",
        "resilience/breaker.py",
        "resilience/retrying.py",
        "resilience/worker.py",
        "webhooks/services/schedule.py",
    }
    assert len(set(one_time_codes.new_secret() for _ in range(3))) == 3


@pytest.mark.asvs("7.4.4")
@pytest.mark.parametrize("path", ["/admin/", SESSIONS, "/admin/second-factor/own/"])
def test_every_page_of_the_admin_site_leads_out(path):
    page = browser_of().get(path).content.decode()

    assert 'action="/admin/logout/"' in page


@pytest.mark.asvs("6.8.1")
def test_a_name_that_one_provider_knows_is_somebody_else_at_another(api, idp, settings):
    settings.SOCIAL_PROVIDERS |= {"other": idp.provider(name="other")}
    Identity.objects.create(
        user=UserFactory(), provider="acme", subject="ada", created_at=timezone.now()
    )
    impostor = Person(subject="ada", is_verified=False)

    answer = come_back(api, idp.approve(sent_to(api, "other"), impostor), name="other")

    assert "error=email_not_verified" in answer["Location"]
