"""News by mail of a sign-in that comes from a device or a network that is new to the account."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import OutboundMail, Session
from accounts.rules import devices
from accounts.services import known_devices
from tests.accounts.people import signed_in, token_in
from tests.accounts.phones import asked, enrolled, show
from tests.accounts.staff import sign_in
from tests.api import Api
from tests.factories import PASSWORD, AdministratorFactory, UserFactory
from tests.races import at_once

LINUX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
NEWER = LINUX.replace("140", "141")
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
)
HOME, CAFE = "192.0.2.1", "198.51.100.2"
SUBJECT = "A new sign-in to your account"


def come_in(user, agent=LINUX, address=HOME):
    return signed_in(Api(), user=user, address=address, headers={"User-Agent": agent})


def news(letters):
    return [letter for letter in letters() if letter.subject == SUBJECT]


def test_the_first_session_of_all_is_no_news(letters):
    come_in(UserFactory())
    assert letters() == []


@pytest.mark.asvs("6.3.5")
@pytest.mark.parametrize(
    ("agent", "address", "shown"),
    [(IPHONE, HOME, "Safari on iPhone, at "), (LINUX, CAFE, "Firefox on Linux, at ")],
)
def test_another_device_and_another_network_are_news_once(letters, agent, address, shown):
    ada = UserFactory()
    come_in(ada)
    for _ in range(2):
        come_in(ada, agent, address)
    [letter] = news(letters)
    assert letter.to == [ada.email]
    assert f"{shown}{timezone.now():%Y-%m-%d}" in letter.body
    assert f"from {address}" in letter.body
    assert "/reset-password" in letter.body


def test_what_is_known_stays_known(letters):
    ada = UserFactory()
    come_in(ada)
    come_in(ada, NEWER)
    assert letters() == []


def test_neighbours_in_one_ipv6_network_are_one_place(letters):
    ada = UserFactory()
    come_in(ada, address="2001:db8:1:2::7")
    come_in(ada, address="2001:db8:1:2:ffff::8")
    assert letters() == []


def test_a_device_is_forgotten_after_ninety_days_without_a_sign_of_it(letters):
    ada = UserFactory()
    come_in(ada)
    come_in(ada, address=CAFE)
    lately, long_ago = (timezone.now() - timedelta(days=days) for days in (89, 91))
    Session.objects.filter(address=HOME).update(created_at=long_ago, last_seen_at=lately)
    Session.objects.filter(address=CAFE).update(created_at=long_ago, last_seen_at=long_ago)
    before = len(news(letters))
    come_in(ada)
    assert len(news(letters)) == before
    come_in(ada, address=CAFE)
    assert len(news(letters)) == before + 1


def test_who_comes_back_after_every_session_was_trimmed_is_told(letters):
    ada = UserFactory()
    come_in(ada)
    Session.objects.all().delete()
    come_in(ada)
    assert len(news(letters)) == 1


def test_sessions_are_kept_as_long_as_devices_are_remembered():
    ada = UserFactory()
    come_in(ada)
    now = timezone.now()
    Session.objects.update(expires_at=now - timedelta(days=80), last_seen_at=now)
    assert known_devices.trim(now=now + timedelta(days=89)) == 0
    assert known_devices.trim(now=now + timedelta(days=91)) == 1


def test_of_ten_sign_ins_at_once_from_one_new_device_one_is_told():
    ada = UserFactory()
    come_in(ada)
    at_once(lambda _: come_in(ada, IPHONE, CAFE), times=10)
    assert OutboundMail.objects.filter(template="new_device").count() == 1


def test_no_letter_tells_of_a_sign_in_that_still_waits_for_its_factor(api, letters):
    ada, phone = enrolled(api, user=UserFactory())
    waiting = Api().post(
        "/api/v1/auth/login",
        {"email": ada.user.email, "password": PASSWORD},
        headers={"User-Agent": IPHONE},
    )
    assert waiting.json()["mfa_required"]
    assert news(letters) == []
    show(api, asked(api, ada.user.email), code=phone.code())
    assert news(letters) == []


def test_a_magic_link_opened_elsewhere_is_news(api, letters):
    ada = UserFactory()
    come_in(ada)
    api.post("/api/v1/auth/magic-link", {"email": ada.email})
    body = {"token": token_in(letters()[-1])}
    headers = {"User-Agent": IPHONE}
    assert api.post("/api/v1/auth/magic-link/verify", body, headers=headers).status_code == 200
    assert "Safari on iPhone" in news(letters)[0].body


def test_a_sign_in_to_the_admin_site_is_news_too(letters):
    grace = AdministratorFactory()
    come_in(grace)
    assert sign_in(grace.email, REMOTE_ADDR=CAFE, HTTP_USER_AGENT=LINUX).status_code == 302
    assert f"from {CAFE}" in news(letters)[0].body


def test_what_a_device_calls_itself_is_not_shown(letters):
    ada = UserFactory()
    come_in(ada)
    come_in(ada, "evil.example <b>click</b>")
    [letter] = news(letters)
    assert "Unknown device, at" in letter.body
    assert "evil" not in letter.body + letter.alternatives[0][0]


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        (IPHONE, "Safari on iPhone"),
        (IPHONE.replace("Version/18.5", "FxiOS/140.0"), "Firefox on iPhone"),
        (IPHONE.replace("Version/18.5", "EdgiOS/138.0"), "Edge on iPhone"),
        ("Mozilla/5.0 (Linux; Android 15) Chrome/138.0 Mobile Safari/537.36", "Chrome on Android"),
        (
            "Mozilla/5.0 (Linux; Android 15) SamsungBrowser/28.0 Chrome/130.0 Mobile Safari/537.36",
            "Samsung Internet on Android",
        ),
        ("", "Unknown device"),
    ],
)
def test_a_device_is_named_as_its_person_would(agent, device):
    assert devices.describe(agent) == device
