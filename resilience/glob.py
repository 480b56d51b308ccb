"""Key patterns as Redis reads them, for what is not in Redis."""

from __future__ import annotations

import re


def matcher(pattern: str) -> re.Pattern[str]:
    """
    Translate a pattern of ``KEYS`` and ``SCAN``; use its ``fullmatch``.

    ``*``, ``?``, ``[abc]``, ``[a-z]``, ``[^a]``, and a backslash before what is meant literally.
    Python's own ``fnmatch`` knows no backslash and negates with another sign.
    """
    parts, rest = [], pattern
    while rest:
        first, rest = rest[0], rest[1:]
        if first == "*":
            parts.append(".*")
        elif first == "?":
            parts.append(".")
        elif first == "[":
            one, rest = _one_of(rest)
            parts.append(one)
        else:
            if first == "\\" and rest:
                first, rest = rest[0], rest[1:]
            parts.append(re.escape(first))
    return re.compile("".join(parts), re.DOTALL)


def _one_of(rest: str) -> tuple[str, str]:
    """Read what follows a bracket; return its meaning and what stands behind it."""
    is_negated = rest.startswith("^")
    rest = rest.removeprefix("^")
    members: list[tuple[str, str]] = []
    while rest and not rest.startswith("]"):
        if rest[0] == "\\" and len(rest) > 1:
            members.append((rest[1], rest[1]))
            rest = rest[2:]
        elif len(rest) > 2 and rest[1] == "-":
            low, high = sorted((rest[0], rest[2]))
            members.append((low, high))
            rest = rest[3:]
        else:
            members.append((rest[0], rest[0]))
            rest = rest[1:]
    inside = "".join(f"{re.escape(low)}-{re.escape(high)}" for low, high in members)
    if not inside:
        return ("." if is_negated else "(?!)"), rest[1:]
    return f"[{'^' if is_negated else ''}{inside}]", rest[1:]
