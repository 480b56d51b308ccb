from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.rules import permissions, slugs

WORDS = st.sampled_from(["members", "members_old", "roles", "invoices", "a"])
VERBS = st.sampled_from(["read", "write", "readx", "*"])
PATTERNS = st.one_of(st.just("*"), st.builds("{}:{}".format, WORDS, VERBS))
HELD = st.lists(PATTERNS, max_size=5)


def concrete(pattern: str) -> bool:
    return "*" not in pattern


@given(HELD, PATTERNS)
def test_nobody_who_covers_a_wildcard_lacks_anything_below_it(held, wanted):
    if permissions.allows(held, wanted) and wanted.endswith(":*"):
        assert permissions.allows(held, wanted.replace("*", "anything"))
    if permissions.allows(held, "*"):
        assert permissions.allows(held, wanted)


@given(HELD, HELD, PATTERNS)
def test_what_is_handed_out_never_allows_more_than_its_giver_may(held, given_out, wanted):
    if permissions.covers(held, given_out) and permissions.allows(given_out, wanted):
        assert permissions.allows(held, wanted)


@given(HELD, PATTERNS.filter(concrete))
def test_a_permission_is_allowed_by_itself_its_subject_or_everything(held, wanted):
    subject = wanted.split(":")[0]
    expected = bool({wanted, f"{subject}:*", "*"} & set(held))
    assert permissions.allows(held, wanted) is expected


@given(HELD, PATTERNS)
def test_tidying_changes_nothing_of_what_is_allowed(held, wanted):
    tidied = permissions.tidy(held)
    assert permissions.allows(tidied, wanted) is permissions.allows(held, wanted)
    assert permissions.tidy(reversed(tidied)) == tidied


@pytest.mark.parametrize(
    "text",
    ["", "members", "members:", ":read", "*:read", "*:*", "a:b:c", "Members:read", "members:re*",
     "members:read\n", "members: read", "member\u017f:read", "**", "members:**", "m" * 41 + ":r"],
)  # fmt: skip
def test_what_is_no_permission_is_refused(text):
    with pytest.raises(ValueError, match="subject:verb"):
        permissions.read(text)


def test_a_subject_of_plinto_has_only_its_verbs_and_others_have_any():
    with pytest.raises(ValueError, match="read, write"):
        permissions.read("members:wrte")
    assert permissions.read("invoices:settle") == "invoices:settle"


def test_built_in_roles_hold_what_exists_and_each_less_than_the_one_before():
    held = list(permissions.BUILT_IN.values())
    assert [permissions.read(each) for role in held for each in role]
    for more, less in pairwise(held):
        assert permissions.covers(more, less)
        assert not permissions.covers(less, more)


@pytest.mark.parametrize("text", ["Acme", "acme-2", "ACME-corp", "42"])
def test_a_slug_is_kept_in_lower_case(text):
    assert slugs.canonical(text) == text.lower()


@pytest.mark.parametrize(
    "text",
    ["", "a", "-acme", "acme-", "ac--me", "xn--80ak6aa92e", "ac me", "acme.com", "a" * 41,
     "\u212aelvin", "acme\n", "caf\u00e9", "admin", "API", "a/b", "ac_me"],
)  # fmt: skip
def test_what_is_no_slug_or_a_reserved_one_is_refused(text):
    with pytest.raises(ValueError, match=r"letters and digits|reserved"):
        slugs.canonical(text)
