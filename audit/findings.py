"""What a verification of the trail may find, in words for whoever has to act on it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from uuid import UUID

from audit.chain import SYSTEM_CHAIN


class Fault(Enum):
    """What is wrong, and how it is told; a name in braces is filled in where it is found."""

    ROW_CHANGED = "Row {row} was changed after it was sealed: its hash is not that of what it says."
    ROW_MISSING = "Row {row} is missing: what follows it is row {next}."
    ROW_OUT_OF_ORDER = "Row {row} stands after row {last}."
    ROW_MOVED = (
        "Row {row} is not the one that was sealed there: what stands there was sealed as row {was}."
        " Rows were swapped, or removed before it."
    )
    ROW_INSERTED = "Row {row} was inserted: what was sealed as row {row} stands at {place}."
    ROW_REPLACED = (
        "Row {row} was replaced, or row {next} was inserted after it: row {next} was sealed after"
        " another row than this one, whose hash was computed anew."
    )
    ROWS_RESEALED = (
        "Row {row}, or one of those up to {last}, was changed and the hashes computed anew: they"
        " hang together, but are not what checkpoint {number} signed."
    )
    BEGINNING_MISSING = "Row {row} does not begin the chain: what was sealed before it is gone."
    TAIL_MISSING = "Row {row} is missing: checkpoint {number} says that rows go on to {last}."
    TAIL_BEFORE_HEAD = "Row {row} is missing: the head says that rows go on to {last}."
    TAIL_RESEALED = (
        "Row {row} and those after it were cut off, or sealed anew, unless this was written before"
        " {at}: checkpoint {number}, which was kept elsewhere and signed then, is missing here."
    )
    ROW_UNPROVED = (
        "Row {row} is not the one that was signed: its path leads to no checkpoint that is here."
    )
    CHECKPOINT_FORGED = "Checkpoint {number}, from row {row} on: key {kid} did not sign it."
    CHECKPOINT_MISSING = "Checkpoint {number} is missing, which covered rows from {row} on."
    CHECKPOINT_REPLACED = (
        "Checkpoint {number}, from row {row} on, or the one before it was replaced: the one does"
        " not follow the other."
    )
    CHECKPOINT_NOT_AS_KEPT = (
        "Checkpoint {number} is not the one that was kept elsewhere: rows from {row} on were sealed"
        " and signed anew."
    )
    CHECKPOINT_NOT_AS_CUT = "Checkpoint {number} is not the one that the truncation names."
    CHECKPOINT_BEYOND_HEAD = (
        "The head says that rows are signed up to {signed}, the checkpoints up to {last}."
    )
    CHECKPOINT_OUT_OF_ORDER = "Checkpoint {number} stands after row {last}, which it covers."
    CHECKPOINT_TWICE = (
        "Checkpoint {number} was signed twice, the second time over other rows from {row} on."
    )
    KEY_UNKNOWN = "Row {row}: the key {kid} that signed this is not known."
    CUT_FORGED = "The truncation through row {row} is forged: key {kid} did not sign it."
    CUT_OUT_OF_ORDER = "The truncation through row {row} stands after rows that it does not end."
    SELECTION_OUT_OF_ORDER = "That rows are left out on purpose is said in the midst of them."
    HEAD_MISSING = "The chain has rows up to {last}, and no head."
    HEAD_BEHIND = (
        "Row {row} stands beyond the head of the chain: it was inserted, or the head was moved"
        " back."
    )
    HEAD_DIFFERS = "The head of the chain names another hash for row {row} than the row has."
    LINE_UNREADABLE = "Line {line} cannot be read: {why}"
    ROWS_UNSEALED = "{count} rows wait to be sealed, the oldest for {minutes} minutes."


# Late, but nothing says that anybody interfered.
WARNINGS = frozenset({Fault.ROWS_UNSEALED})


@dataclass(frozen=True, slots=True)
class Finding:
    """
    One fault: where it is, and what is to be thought of it.

    ``sequence`` is the first row that it concerns and ``event`` that row's id, where there is one.
    """

    fault: Fault
    told: str
    chain: UUID | None = None
    sequence: int | None = None
    event: str = ""

    @property
    def is_warning(self) -> bool:
        return self.fault in WARNINGS

    def __str__(self) -> str:
        where = "" if self.chain is None else f"In {chain_name(self.chain)}: "
        event = f" This is event {self.event}." if self.event else ""
        return f"{where}{self.told}{event}"


class Broken(Exception):
    """A walk found something; the rest of the chain says nothing any more."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(str(finding))
        self.finding = finding


def found(
    fault: Fault,
    *,
    chain: UUID | None = None,
    row: int | None = None,
    event: str = "",
    **told: object,
) -> Finding:
    """Tell of a fault; ``told`` are the other names in its words."""
    return Finding(fault, fault.value.format(row=row, **told), chain, row, event)


def chain_name(chain: UUID) -> str:
    """Call a chain what an auditor calls it."""
    return "the system chain" if chain == SYSTEM_CHAIN else f"the chain of organization {chain}"
