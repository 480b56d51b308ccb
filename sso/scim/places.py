"""Where an attribute is, and how it is compared there."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F, Lookup, Q, lookups
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Lower
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_naive, make_aware
from scim2_models import ComplexAttribute, Extension
from scim2_models.path import AttributeBinding, CompareOperator

from sso.scim_errors import ScimRequestInvalid
from sso.services.provisioning import folded

ALL = Q(pk__isnull=False)
NONE = Q(pk__isnull=True)
# Attributes that are made up for each answer, or dropped.
NEVER_STORED = {"schemas", "meta", "id", "password"}

_LOOKUPS: dict[CompareOperator, type[Lookup[Any]]] = {
    CompareOperator.eq: lookups.Exact,
    CompareOperator.co: lookups.Contains,
    CompareOperator.sw: lookups.StartsWith,
    CompareOperator.ew: lookups.EndsWith,
    CompareOperator.gt: lookups.GreaterThan,
    CompareOperator.ge: lookups.GreaterThanOrEqual,
    CompareOperator.lt: lookups.LessThan,
    CompareOperator.le: lookups.LessThanOrEqual,
}


class Place(ABC):
    """Where a value is; its conditions are true or false and never unknown."""

    @abstractmethod
    def present(self) -> Q:
        """Whoever has a value here."""

    @abstractmethod
    def compared(self, op: CompareOperator, value: Any, binding: AttributeBinding) -> Q:
        """Whoever has a value here that is in this relation to ``value``."""


@dataclass(frozen=True, slots=True)
class Text(Place):
    """A column of text that is never null; ``is_folded`` if it is kept as it is compared."""

    column: str
    is_folded: bool = False

    def present(self) -> Q:
        return ~Q(**{self.column: ""})

    def compared(self, op: CompareOperator, value: Any, binding: AttributeBinding) -> Q:
        wanted = folded(_text(value, binding)) if self.is_folded else _text(value, binding)
        lookup = _LOOKUPS[op].lookup_name
        return self.present() & Q(**{f"{self.column}__{lookup}": wanted})


@dataclass(frozen=True, slots=True)
class Truth(Place):
    """A column that says yes or no."""

    column: str

    def present(self) -> Q:
        return ALL

    def compared(self, op: CompareOperator, value: Any, binding: AttributeBinding) -> Q:
        _require_equality(op, binding)
        return Q(**{self.column: str(value).lower() == "true"})


@dataclass(frozen=True, slots=True)
class Identifier(Place):
    """A column of ids, which are equal or not."""

    column: str

    def present(self) -> Q:
        return ALL

    def compared(self, op: CompareOperator, value: Any, binding: AttributeBinding) -> Q:
        _require_equality(op, binding)
        try:
            wanted = UUID(_text(value, binding))
        except ValueError:
            return NONE
        # Ids are case exact, and told in one spelling.
        return Q(**{self.column: wanted}) if str(wanted) == value else NONE


@dataclass(frozen=True, slots=True)
class Moment(Place):
    """A column of moments."""

    column: str

    def present(self) -> Q:
        return ALL

    def compared(self, op: CompareOperator, value: Any, binding: AttributeBinding) -> Q:
        if op in {CompareOperator.co, CompareOperator.sw, CompareOperator.ew}:
            raise _refusal(binding)
        return Q(**{f"{self.column}__{_LOOKUPS[op].lookup_name}": _moment(value, binding)})


@dataclass(frozen=True, slots=True)
class Constant(Place):
    """What all have alike; nobody has an empty one."""

    text: str = ""

    def present(self) -> Q:
        return ALL if self.text else NONE

    def compared(self, op: CompareOperator, value: Any, binding: AttributeBinding) -> Q:
        _require_equality(op, binding)
        wanted = _text(value, binding)
        is_same = wanted == self.text if binding.case_exact else folded(wanted) == folded(self.text)
        return ALL if self.text and is_same else NONE


@dataclass(frozen=True, slots=True)
class Stored(Place):
    """A place in a JSON column: names and numbers from its root, which come from the schema."""

    column: str
    path: tuple[str | int, ...]

    def present(self) -> Q:
        return Q(lookups.IsNull(self._found(KeyTransform), False))

    def compared(self, op: CompareOperator, value: Any, binding: AttributeBinding) -> Q:
        kind = binding.target_type
        if isinstance(kind, type) and issubclass(kind, ComplexAttribute):
            raise _refusal(binding)
        text = self._found(KeyTextTransform)
        is_exact = binding.case_exact
        wanted = _text(value, binding)
        here = Q(lookups.IsNull(text, False))
        return here & Q(
            _LOOKUPS[op](text if is_exact else Lower(text), wanted if is_exact else wanted.lower())
        )

    def _found(self, last: type[KeyTransform]) -> KeyTransform:
        found: Any = F(self.column)
        for step in self.path[:-1]:
            found = KeyTransform(step, found)
        return last(self.path[-1], found)


def json(
    column: str, binding: AttributeBinding, *, at: int | None = None, whole: bool = False
) -> Stored:
    """
    Find the place of an attribute in stored JSON; ``at`` is which of its entries, and ``whole`` the
    entry and not a part of it.
    """
    schema, _, dotted = binding.urn.rpartition(":")
    names = dotted.split(".")
    path: list[str | int] = [names[0]]
    if issubclass(binding.model, Extension):
        path.insert(0, schema)
    if at is not None:
        path.append(at)
    if not whole:
        path.extend(names[1:])
    return Stored(column, tuple(path))


def _text(value: Any, binding: AttributeBinding) -> str:
    if isinstance(value, bool) or binding.target_type is bool:
        return str(value).lower()
    if not isinstance(value, str):
        raise _refusal(binding)
    return value


def _moment(value: Any, binding: AttributeBinding) -> datetime:
    try:
        found = parse_datetime(_text(value, binding))
    except ValueError:
        found = None
    if found is None:
        raise _refusal(binding)
    return make_aware(found) if is_naive(found) else found


def _require_equality(op: CompareOperator, binding: AttributeBinding) -> None:
    if op is not CompareOperator.eq:
        raise _refusal(binding)


def _refusal(binding: AttributeBinding) -> ScimRequestInvalid:
    told = f"{binding.urn} cannot be compared like this."
    return ScimRequestInvalid(told, scim_type="invalidFilter")
