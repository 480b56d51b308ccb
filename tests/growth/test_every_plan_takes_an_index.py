"""
With twenty thousand rows in every table no statement reads through one of them.

Everything that asks the database is asked for: the doors of the API, the pages of the admin site,
the queues of the worker and its chores. Each statement is explained as it is sent.
"""

from __future__ import annotations

from contextlib import suppress

import pytest
from django.contrib import admin
from django.db import connection
from django.test import override_settings
from django.urls import reverse
from django.utils import timezone

from accounts.models import OrganizationDomain, User
from plinto.kernel.ids import uuid7
from resilience.worker import Shift, roster
from sso.models import Connection
from tests.accounts.comers import Comer, Street
from tests.accounts.door import Least
from tests.accounts.doors import DOORS
from tests.accounts.staff import browser_of
from tests.growth.copies import one_of_each
from tests.growth.crowds import MANY, crowd_everything
from tests.growth.loads import load
from tests.growth.plans import Plans, large_tables
from tests.growth.test_no_page_asks_per_row import pages_of_admin, pages_of_api
from tests.servers.plugin import redis_key

# What the admin site counts before it says "many", and what a trimming deletes at once.
MOST_READ = 6_000
_LAST = ("logout", "me/password", "erase")
# One for each organization that signs on by a provider of its own, at most a few.
_FEW_SEARCHED = {Connection, OrganizationDomain}
_OUTSIDE = {"provider metadata"}  # asks a server for each of its rows


@pytest.fixture
def street(api):
    if connection.vendor != "postgresql":
        pytest.skip("Plans are those of PostgreSQL.")
    street = Street(api)
    one_of_each(street)
    load(people=MANY, sessions=2 * MANY, trail=MANY, add=True)
    crowd_everything()
    return street


@pytest.fixture
def plans(street):
    return Plans(large_tables(rows=MANY // 2), most_read=MOST_READ, most_sorted=1_000)


def ask_api(street, plans, forget):
    for name, page in pages_of_api(street):
        forget()
        with plans.of(name):
            page()
    actor = street.ada.user.pk
    for query in ("action=member.joined", f"actor={actor}", "outcome=refused", "to=2030-01-01"):
        path = f"{street.club.path}/audit?{query}"
        with plans.of(query):
            assert street.api.get(path, token=street.ada.access).status_code == 200


def act_over_api(street, plans, forget):
    comers = {
        Least.ANYONE: Comer.ANONYMOUS,
        Least.KEY: Comer.KEY,
        Least.PROVISIONER: Comer.PROVISIONER,
    }
    for door in DOORS:
        if door.method in {"POST", "PUT", "PATCH"} and not door.path.endswith(_LAST):
            forget()
            with plans.of(str(door)):
                street.go(comers.get(door.lets_in, Comer.OWNER), door)


def look_at_admin(plans, forget):
    browser = browser_of()
    somebody = User.objects.first()
    for name, page in pages_of_admin(browser):
        if not name.endswith("_export"):  # which is all of a list, by and by
            with plans.of(name):
                page()
    for model, site in admin.site._registry.items():
        path = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        is_searched = site.search_fields and model not in _FEW_SEARCHED
        for word in ("person1234", str(uuid7()), somebody.email) if is_searched else ():
            with plans.of(f"{path}?q={word}"):
                assert browser.get(path, {"q": word}).status_code == 200


def work(plans):
    for name, queue in roster.queues.items():
        with plans.of(f"queue {name}"):
            if hasattr(queue, "backlog"):
                queue.backlog(timezone.now())
            if name not in _OUTSIDE:
                queue.run_due(Shift())
    for name, chore in roster.chores.items():
        if not chore.is_slow:
            with (
                override_settings(AUDIT_RETENTION_DAYS=1),
                plans.of(f"chore {name}"),
                suppress(NotImplementedError),
            ):
                chore.run(timezone.now())


def test_no_statement_reads_through_a_table_that_grows(street, plans, pytestconfig):
    redis = pytestconfig.stash[redis_key]

    def forget():
        if redis:
            redis.cli("FLUSHDB")

    ask_api(street, plans, forget)
    look_at_admin(plans, forget)
    act_over_api(street, plans, forget)
    work(plans)
    assert plans.wrong == {}
    assert plans.explained > 500
    assert len(plans.large) > 20, plans.large
