"""
Filters (RFC 7644, section 3.4.2.2) as conditions of the database.

scim2-models parses a filter and binds its names to attributes; here each comparison becomes a
condition on the column, the related row or the place in the stored JSON that has the attribute.
Nothing of a filter becomes text of SQL. A condition is never unknown, only true or false, because
what is absent would else be missing from ``not`` too; ``ne`` is what ``eq`` is not, as in the
reference evaluation of scim2-models.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from scim2_models import ScimFilter
from scim2_models.path import (
    AttributeBinding,
    AttrPath,
    CompareOperator,
    Comparison,
    FilterNode,
    FilterVisitor,
    LogicalExpr,
    LogicalOperator,
    Not,
    Present,
    ValuePath,
)

from sso.scim import places
from sso.scim.places import NONE, Place
from sso.scim_errors import ScimRequestInvalid

_MOST_TERMS = 30


@dataclass(frozen=True, slots=True)
class Related:
    """A multi-valued attribute that is rows of a table, and where its parts are in them."""

    rows: Callable[[], QuerySet[Any]]
    own: str  # the column that points to the resource
    parts: Mapping[str, Place]


@dataclass(frozen=True, slots=True)
class Layout:
    """
    Where the attributes of a resource are, by their Python names with a dot: ``meta.created``.

    What is in neither is in the JSON column ``json``, if there is one; its multi-valued attributes
    have ``most_values`` entries at most.
    """

    columns: Mapping[str, Place]
    related: Mapping[str, Related]
    json: str = ""
    most_values: int = 0


def condition(wanted: ScimFilter[Any] | None, layout: Layout, *, is_strict: bool = True) -> Q:
    """
    Turn a filter that is bound to a model into a condition.

    ``is_strict`` is false in a search over several kinds of resources: what one of them does not
    have is then met by none of its kind (RFC 7644, section 3.4.2.1).

    :raises ScimRequestInvalid: it has too many terms, or asks for what is not stored
    """
    if wanted is None:
        return Q()
    return _Conditions(wanted, layout, is_strict=is_strict).visit(_bounded(wanted.ast))


def of_entries(wanted: ScimFilter[Any], layout: Layout) -> Q:
    """
    Turn ``members[...]`` into a condition on the rows that the attribute is, instead of on those
    that have such entries.

    :raises ScimRequestInvalid: it is no such filter, or one that ``condition`` refuses
    """
    node = _bounded(wanted.ast)
    if not isinstance(node, ValuePath):
        raise _refusal("This cannot be selected.")
    return _Conditions(wanted, layout).inside(node)


class _Conditions(FilterVisitor[Q]):
    """Builds the condition; ``entry`` finds the parts of one entry within brackets."""

    def __init__(
        self,
        wanted: ScimFilter[Any],
        layout: Layout,
        *,
        is_strict: bool = True,
        outer: AttrPath | None = None,
        entry: Callable[[AttributeBinding], Place] | None = None,
    ) -> None:
        self.wanted, self.layout, self.is_strict = wanted, layout, is_strict
        self.outer, self.entry = outer, entry

    def visit_comparison(self, node: Comparison) -> Q:
        _require_storable(node.value)
        op, value, is_negated = node.op, node.value, node.op is CompareOperator.ne
        if is_negated:
            op = CompareOperator.eq
        binding = self._bound(node.attr_path, is_compared=True)
        if binding is None:
            return NONE
        if value is None:
            found = self._any(binding, lambda place: place.present())
            is_negated = not is_negated
            if op is not CompareOperator.eq:
                raise _refusal("null can only be equal.")
        else:
            found = self._any(binding, lambda place: place.compared(op, value, binding))
        return ~found if is_negated else found

    def visit_present(self, node: Present) -> Q:
        binding = self._bound(node.attr_path, is_compared=False)
        if binding is None:
            return NONE
        return self._any(binding, lambda place: place.present())

    def visit_not(self, node: Not) -> Q:
        return ~self.visit(node.expr)

    def visit_logical_expr(self, node: LogicalExpr) -> Q:
        join = operator.and_ if node.op is LogicalOperator.and_ else operator.or_
        return reduce(join, [self.visit(term) for term in node.terms])

    def visit_value_path(self, node: ValuePath) -> Q:
        binding = self._bound(node.attr_path, is_compared=False)
        if binding is None:
            return NONE
        if binding.field_name in self.layout.related:
            return _exists(self.layout.related[binding.field_name], self.inside(node))
        _require_json(self.layout, binding)
        return _any_of(
            places.json(self.layout.json, binding, at=at, whole=True).present()
            & self._within(node, at=at)
            for at in range(self.layout.most_values)
        )

    def inside(self, node: ValuePath) -> Q:
        """Turn what stands in brackets into a condition on related rows."""
        binding = self._bound(node.attr_path, is_compared=False)
        related = self.layout.related.get(binding.field_name) if binding else None
        if related is None:
            raise _refusal("This cannot be selected.")
        inner = _Conditions(
            self.wanted,
            self.layout,
            outer=node.attr_path,
            entry=lambda binding: _part(related, binding),
        )
        return inner.visit(node.val_filter)

    def _within(self, node: ValuePath, *, at: int) -> Q:
        inner = _Conditions(
            self.wanted,
            self.layout,
            outer=node.attr_path,
            entry=lambda binding: places.json(self.layout.json, binding, at=at),
        )
        return inner.visit(node.val_filter)

    def _bound(self, path: AttrPath, *, is_compared: bool) -> AttributeBinding | None:
        if self.outer is not None:
            path = AttrPath(self.outer.attr, path.attr, self.outer.uri)
        find = self.wanted.resolve_comparison if is_compared else self.wanted.resolve
        return find(path, strict=self.is_strict)

    def _any(self, binding: AttributeBinding, test: Callable[[Place], Q]) -> Q:
        """Let any of the values of an attribute pass a test."""
        if self.entry is not None:
            return test(self.entry(binding))
        name = binding.field_name
        related = self.layout.related.get(name)
        if related is not None:
            is_whole = binding.sub_field_name is None
            return _exists(related, Q() if is_whole else test(_part(related, binding)))
        dotted = f"{name}.{binding.sub_field_name}" if binding.sub_field_name else name
        if dotted in self.layout.columns:
            return test(self.layout.columns[dotted])
        _require_json(self.layout, binding)
        if not binding.is_multivalued:
            return test(places.json(self.layout.json, binding))
        is_whole = binding.sub_field_name is None
        return _any_of(
            test(places.json(self.layout.json, binding, at=at, whole=is_whole))
            for at in range(1 if is_whole else self.layout.most_values)
        )


def _part(related: Related, binding: AttributeBinding) -> Place:
    place = related.parts.get(binding.sub_field_name or "")
    if place is None:
        raise _refusal("This attribute cannot be filtered by.")
    return place


def _exists(related: Related, chosen: Q) -> Q:
    return Q(Exists(related.rows().filter(chosen, **{related.own: OuterRef("pk")})))


def _any_of(each: Iterator[Q]) -> Q:
    return reduce(operator.or_, each, NONE)


def _require_json(layout: Layout, binding: AttributeBinding) -> None:
    if not layout.json or binding.field_name in places.NEVER_STORED:
        raise _refusal("This attribute cannot be filtered by.")


def _require_storable(value: Any) -> None:
    """No text is stored that has a NUL or half a character, so none is compared with one."""
    if isinstance(value, str) and (
        "\x00" in value or value != value.encode("utf-8", "ignore").decode()
    ):
        raise _refusal("The filter holds what is no text.")


def _bounded(node: FilterNode) -> FilterNode:
    if sum(1 for _ in _terms(node)) > _MOST_TERMS:
        raise _refusal(f"A filter has {_MOST_TERMS} comparisons at most.")
    return node


def _terms(node: FilterNode) -> Iterator[FilterNode]:
    if isinstance(node, LogicalExpr):
        for term in node.terms:
            yield from _terms(term)
    elif isinstance(node, Not):
        yield from _terms(node.expr)
    elif isinstance(node, ValuePath):
        yield from _terms(node.val_filter)
    else:
        yield node


def _refusal(told: str) -> ScimRequestInvalid:
    return ScimRequestInvalid(told, scim_type="invalidFilter")
