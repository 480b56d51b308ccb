"""
What the OpenAPI document tells people of each operation besides its schemas.

A layer keeps one table per subject; ``plinto.api_document`` writes them into the document under
the ids of the operations. A test sends every example to the running API.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from plinto.kernel.exceptions import PlintoAPIException


@dataclass(frozen=True)
class Several:
    """Examples where one would hide a choice, by what each shows; the first is the usual one."""

    named: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Operation:
    """
    One operation.

    ``body`` is what is sent, ``answer`` what the first status of success brings, and ``others``
    what any further status brings that is not a refusal. ``refusals`` are those this operation
    has besides the usual ones of its status. ``security`` replaces what was found in the view.
    """

    summary: str
    description: str = ""
    body: Any = None
    answer: Any = None
    others: Mapping[int, Any] = field(default_factory=dict)
    refusals: tuple[PlintoAPIException, ...] = ()
    security: list[dict[str, list[str]]] | None = None


@dataclass(frozen=True, kw_only=True)
class Subject:
    """
    Operations that stand together; ``parameters`` has an example for each part of a path.

    ``refusals`` are the usual ones of a status in this subject, in place of the general ones.
    """

    name: str
    description: str
    operations: Mapping[str, Operation]
    parameters: Mapping[str, str] = field(default_factory=dict)
    refusals: tuple[PlintoAPIException, ...] = ()
