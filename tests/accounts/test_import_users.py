"""People come over from another system and sign in with the password they have."""

from __future__ import annotations

import base64
import hashlib
import io
import json

import argon2
import bcrypt
import pytest
from django.contrib.auth import hashers
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from accounts.rules.foreign_hashes import stored
from audit.models import AuditRow
from tests.factories import PASSWORD, UserFactory

LOGIN = "/api/v1/auth/login"
SALT = b"sixteen bytes ok"
RAW = PASSWORD.encode()


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode().rstrip("=")


def pbkdf2(digest: str) -> str:
    key = hashlib.pbkdf2_hmac(digest, RAW, SALT, 1200)
    return f"$pbkdf2-{digest}$1200${b64(SALT)}${b64(key)}".replace("+", ".")


def scrypt() -> str:
    key = hashlib.scrypt(RAW, salt=SALT, n=1 << 10, r=8, p=1, dklen=64)
    return f"$scrypt$ln=10,r=8,p=1${b64(SALT)}${b64(key)}"


BCRYPT = bcrypt.hashpw(RAW, bcrypt.gensalt(4)).decode()
HASHES = {
    "bcrypt": BCRYPT,
    "bcrypt of PHP": BCRYPT.replace("$2b$", "$2y$"),
    "bcrypt of Django": f"bcrypt${BCRYPT}",
    "bcrypt_sha256 of Django": hashers.BCryptSHA256PasswordHasher().encode(
        PASSWORD, bcrypt.gensalt(4)
    ),
    "argon2id": argon2.PasswordHasher(memory_cost=1024).hash(PASSWORD),
    "argon2i": argon2.PasswordHasher(type=argon2.Type.I, memory_cost=1024).hash(PASSWORD),
    "argon2 of Django": f"argon2{argon2.PasswordHasher(memory_cost=1024).hash(PASSWORD)}",
    "PBKDF2 with SHA-1": pbkdf2("sha1"),
    "PBKDF2 with SHA-256": pbkdf2("sha256"),
    "PBKDF2 with SHA-512": pbkdf2("sha512"),
    "PBKDF2 of Django": hashers.PBKDF2PasswordHasher().encode(PASSWORD, "saltsaltsalt", 1200),
    "scrypt": scrypt(),
    "scrypt of Django": hashers.ScryptPasswordHasher().encode(PASSWORD, "saltsaltsalt", n=1 << 10),
}
TOO_DEAR = [
    BCRYPT.replace("$04$", "$16$"),
    "$argon2id$v=19$m=1048576,t=2,p=1$c29tZXNhbHRzYWx0$" + "a" * 43,
    "$argon2id$v=19$m=65536,t=100,p=1$c29tZXNhbHRzYWx0$" + "a" * 43,
    scrypt().replace("ln=10", "ln=25"),
    pbkdf2("sha256").replace("1200", "90000000"),
]


def person(email: str, **fields: object) -> dict[str, object]:
    return {"email": email, "email_verified": True, "password_hash": HASHES["bcrypt"], **fields}


@pytest.fixture
def bring(tmp_path):
    """Import lines, given as objects or as they stand, and return what was said of them."""

    def run(*lines: object, **options: object) -> tuple[str, str, list[dict[str, object]]]:
        file, report = tmp_path / "people.jsonl", tmp_path / "report.jsonl"
        file.write_bytes(
            b"".join(
                (line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n"
                for line in lines
            )
        )
        out, err = io.StringIO(), io.StringIO()
        try:
            call_command("import_users", file, report=report, stdout=out, stderr=err, **options)
        except CommandError as error:
            err.write(str(error))
        told = [json.loads(line) for line in report.read_text().splitlines()]
        report.unlink()
        return out.getvalue(), err.getvalue(), told

    return run


@pytest.mark.parametrize("foreign", HASHES.values(), ids=HASHES)
def test_the_old_password_signs_in_and_is_argon2id_afterwards(api, bring, foreign):
    bring(person("ada@example.com", password_hash=foreign))
    ada = User.objects.get()
    assert not ada.password.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")

    wrong = api.post(LOGIN, {"email": "ada@example.com", "password": PASSWORD + "!"})
    right = api.post(LOGIN, {"email": "Ada@Example.com", "password": PASSWORD})

    assert (wrong.status_code, right.status_code) == (401, 200)
    ada.refresh_from_db()
    assert ada.password.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")
    again = api.post(LOGIN, {"email": "ada@example.com", "password": PASSWORD})
    assert again.status_code == 200


def test_bcrypt_reads_72_bytes_of_a_long_password_as_it_did_where_it_comes_from(api, bring):
    long = PASSWORD * 4
    cut = bcrypt.hashpw(long.encode()[:72], bcrypt.gensalt(4)).decode()
    bring(person("ada@example.com", password_hash=cut))

    assert api.post(LOGIN, {"email": "ada@example.com", "password": long}).status_code == 200


def test_a_broken_line_is_reported_by_number_and_nothing_else_is_lost(bring):
    UserFactory(email="here@example.com")
    lines = [
        person("first@example.com"),
        b"{broken",
        person("Here@example.com"),
        {**person("typo@example.com"), "pasword": "x"},
        b'["a@example.com"]',
        b"",
        person("not an address"),
        person("dear@example.com", password_hash=TOO_DEAR[0]),
        person("odd@example.com", password_hash="plain text"),
        person("list@example.com", name=["Ada"]),
        b'{"email":"nul@example.com","name":"\\u0000"}',
        b'{"email":"long@example.com","name":"' + b"x" * 200_000 + b'"}',
        person("FIRST@example.com"),
        person("last@example.com"),
    ]

    out, err, report = bring(*lines)

    assert "2 people imported" in out
    assert "11 lines refused" in out
    outcomes = {told["line"]: told["outcome"] for told in report}
    broken = {2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 13}
    assert outcomes == {1: "imported", **dict.fromkeys(broken, "refused"), 14: "imported"}
    assert all(f"line {number}: " in err for number in broken)
    assert all(told["reason"] for told in report if told["outcome"] == "refused")
    assert set(User.objects.values_list("email", flat=True)) == {
        "here@example.com",
        "first@example.com",
        "last@example.com",
    }


def test_a_rehearsal_says_the_same_and_writes_nothing(bring):
    lines = [person("ada@example.com"), b"{", person("ADA@example.com"), {"email": "x@example.com"}]

    rehearsed = bring(*lines, dry_run=True)
    assert (User.objects.count(), AuditRow.objects.count()) == (0, 0)
    done = bring(*lines)

    assert rehearsed[2] == done[2]
    assert User.objects.count() == 2


def test_a_second_run_changes_nobody(bring):
    bring(person("ada@example.com", name="Ada"))
    before = User.objects.values().get()

    _, _, report = bring(person("ada@example.com", name="Eve", password_hash=HASHES["scrypt"]))

    assert report[0]["outcome"] == "refused"
    assert User.objects.values().get() == before


def test_a_password_counts_only_for_an_address_that_was_proved(api, bring):
    _, _, report = bring(person("ada@example.com", email_verified=False))

    answer = api.post(LOGIN, {"email": "ada@example.com", "password": PASSWORD})

    assert report[0]["outcome"] == "without password"
    assert answer.status_code == 401


def test_who_was_switched_off_there_is_switched_off_here(api, bring):
    bring(person("ada@example.com", is_active=False))

    answer = api.post(LOGIN, {"email": "ada@example.com", "password": PASSWORD})

    assert answer.status_code == 401


def test_everybody_who_comes_has_a_row_in_the_trail(bring):
    bring(person("ada@example.com"), person("bob@example.com"))

    rows = AuditRow.objects.filter(action="user.imported")
    people = {str(key) for key in User.objects.values_list("pk", flat=True)}
    assert {row.target_id for row in rows} == people


def test_ten_thousand_people_come_with_their_hashes(api, bring):
    lines = [person(f"person{number}@example.com") for number in range(10_000)]
    lines[6_000] = b"{"

    out, err, _ = bring(*lines)

    assert "9999 people imported" in out
    assert "line 6001: " in err
    assert User.objects.count() == 9_999
    last = {"email": "person9999@example.com", "password": PASSWORD}
    assert api.post(LOGIN, last).status_code == 200


@pytest.mark.parametrize("foreign", TOO_DEAR, ids=range(len(TOO_DEAR)))
def test_a_hash_that_costs_more_than_a_sign_in_is_refused(foreign):
    with pytest.raises(ValueError, match="costs more"):
        stored(foreign)


@given(
    st.text()
    | st.sampled_from(sorted(HASHES.values())).flatmap(
        lambda good: st.builds(
            lambda at, put: good[:at] + put + good[at + 1 :],
            st.integers(0, len(good)),
            st.text(max_size=2),
        )
    )
)
def test_whatever_stands_for_a_hash_is_read_or_refused_and_fits_the_column(foreign):
    try:
        encoded = stored(foreign)
    except ValueError:
        return
    assert len(encoded) <= User._meta.get_field("password").max_length
    hasher = hashers.identify_hasher(encoded)
    assert hasher.algorithm != "argon2" or encoded.startswith("argon2$argon2")


def test_a_file_that_is_not_there_and_a_report_that_is_are_left_alone(tmp_path):
    report = tmp_path / "report"
    report.write_text("mine")
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_users", str(tmp_path / "nobody"))
    with pytest.raises(CommandError, match="exists"):
        call_command("import_users", __file__, report=report)
    assert report.read_text() == "mine"
