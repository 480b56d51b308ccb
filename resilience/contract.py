"""
What each control guarantees while a dependency is gone, slow or lying.

A control is a promise about security or availability, such as "a revoked session is refused". Its
row says, for every state of every dependency, what becomes of it then. Leaving a state out is a
TypeError, so a row cannot be incomplete. The document, the health answer and the tests against
the running server are made from these rows; ``enforces`` ties them to the code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, ClassVar, Self, TypeVar

Code = TypeVar("Code", bound=Callable[..., Any])


class Mode(StrEnum):
    """What becomes of a control, from the mildest to the strictest."""

    ENFORCE = "enforce"  # as ever
    STRICTER = "stricter"  # held by less knowledge, so some get a no or a detour they would not
    READ_ONLY = "read_only"  # what is known is still answered, and nothing can be changed
    REFUSE = "refuse"  # 503 or 429, with Retry-After


_MILDEST_FIRST = list(Mode)


@dataclass(frozen=True, slots=True)
class Cell:
    """One mode, and the sentence that says what is guaranteed in it."""

    mode: Mode
    guarantee: str

    def __post_init__(self) -> None:
        if not self.guarantee.endswith("."):
            raise ValueError(f"A guarantee is a sentence: {self.guarantee!r}")


def enforce(guarantee: str) -> Cell:
    return Cell(Mode.ENFORCE, guarantee)


def stricter(guarantee: str) -> Cell:
    return Cell(Mode.STRICTER, guarantee)


def read_only(guarantee: str) -> Cell:
    return Cell(Mode.READ_ONLY, guarantee)


def refuse(guarantee: str) -> Cell:
    return Cell(Mode.REFUSE, guarantee)


class _States:
    """The states of one dependency; each field is one."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @classmethod
    def always(cls, cell: Cell) -> Self:
        """Claim the same for every state, those that are added later included."""
        return cls(**{field.name: cell for field in fields(cls)})


@dataclass(frozen=True, kw_only=True)
class Redis(_States):
    """
    ``gone`` refuses connections, ``stalled`` takes them and is silent, ``slow`` answers too late,
    ``read_only`` is full or a replica, ``empty`` has lost what it knew.
    """

    gone: Cell
    stalled: Cell
    slow: Cell
    read_only: Cell
    empty: Cell


@dataclass(frozen=True, kw_only=True)
class Database(_States):
    """``busy`` has no connection free, or answers later than the statement timeout."""

    gone: Cell
    read_only: Cell
    busy: Cell


@dataclass(frozen=True, kw_only=True)
class Mail(_States):
    gone: Cell


DEPENDENCIES: dict[str, type[_States]] = {"redis": Redis, "database": Database, "mail": Mail}


@dataclass(frozen=True, kw_only=True)
class Control:
    """
    One row of the contract.

    ``truth`` says what decides, in words that follow "decided by"; ``rows`` names the models in
    it as ``app.Model``.
    """

    name: str
    truth: str
    rows: tuple[str, ...] = ()
    redis: Redis
    database: Database
    mail: Mail

    def cell(self, dependency: str, state: str) -> Cell:
        """
        Return what this control guarantees in one state of one dependency.

        :raises AttributeError: there is no such dependency or state
        """
        cell: Cell = getattr(getattr(self, dependency), state)
        return cell


@dataclass(frozen=True, slots=True)
class InForce:
    """A control as it is now, because of ``dependency``."""

    control: Control
    dependency: str
    cell: Cell


_controls: dict[str, Control] = {}
_enforced: dict[str, list[Callable[..., Any]]] = {}


def register(*rows: Control) -> None:
    """
    Add the rows of an app; called when Django starts.

    :raises ValueError: another control has that name
    """
    for row in rows:
        if _controls.setdefault(row.name, row) is not row:
            raise ValueError(f"There are two controls called {row.name!r}.")


def enforces(*rows: Control) -> Callable[[Code], Code]:
    """
    Mark a function or class as code that upholds ``rows``; it is returned as it was.

    The tests of the project fail on a control that no code upholds, and on code that changes
    something or asks Redis and upholds none.
    """

    def mark(code: Code) -> Code:
        for row in rows:
            _enforced.setdefault(row.name, []).append(code)
        return code

    return mark


def controls() -> list[Control]:
    """List the rows that were registered, by name."""
    return [row for _, row in sorted(_controls.items())]


def enforced() -> dict[str, list[Callable[..., Any]]]:
    """Map the name of each control to the code that upholds it, as far as it was imported."""
    return {name: list(code) for name, code in _enforced.items()}


def states(dependency: str) -> list[str]:
    """Name the states a dependency may be in, other than well."""
    return [field.name for field in fields(DEPENDENCIES[dependency])]


def in_force(dependencies: Mapping[str, str]) -> list[InForce]:
    """
    Say what becomes of every control while ``dependencies`` are in the given states.

    Of several cells the strictest holds: ``{"redis": "gone", "database": "busy"}``.
    """
    if not dependencies:
        return []
    return [
        max(
            (InForce(row, name, row.cell(name, state)) for name, state in dependencies.items()),
            key=lambda found: _MILDEST_FIRST.index(found.cell.mode),
        )
        for row in controls()
    ]


def guarantees(dependency: str, state: str) -> str:
    """Everything that is guaranteed in one state of one dependency, as sentences."""
    sentences = [row.cell(dependency, state).guarantee for row in controls()]
    return " ".join(dict.fromkeys(sentences))
