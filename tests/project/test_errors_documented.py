"""docs/errors.md and the exception tree are the same list, with the same statuses."""

from __future__ import annotations

import re

from plinto.kernel.exceptions import PlintoException, PlintoServiceException
from tests.project.tree import PACKAGES, ROOT, import_everything

_ROW = re.compile(r"^\| `([A-Z0-9_]+)` \| (\d{3}|internal) \|", re.MULTILINE)


def refusals(root: type[PlintoException] = PlintoException) -> set[type[PlintoException]]:
    """Collect every class that is raised; those called Exception only group others."""
    found = set()
    for kind in root.__subclasses__():
        found |= refusals(kind)
        is_ours = kind.__module__.split(".")[0] in PACKAGES
        if (
            is_ours
            and not kind.__name__.startswith("_")
            and not kind.__name__.endswith("Exception")
        ):
            found.add(kind)
    return found


def in_code() -> dict[str, str]:
    import_everything()
    return {
        kind.error_code: "internal"
        if issubclass(kind, PlintoServiceException)
        else str(kind.status_code)
        for kind in refusals()
    }


def in_document() -> list[tuple[str, str]]:
    return _ROW.findall((ROOT / "docs" / "errors.md").read_text())


def test_every_code_is_documented_with_its_status_and_no_other_is():
    assert dict(in_document()) == in_code()


def test_no_code_is_documented_twice():
    codes = [code for code, _ in in_document()]
    assert len(codes) == len(set(codes))


def test_no_two_refusals_share_a_code():
    import_everything()
    codes = [kind.error_code for kind in refusals()]
    assert sorted(codes) == sorted(set(codes))
