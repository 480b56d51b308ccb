"""What PostgreSQL does for each statement, and what of that grows with a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

_ROWS = "SELECT relname FROM pg_class WHERE relkind = 'r' AND reltuples >= %s"
_READS = ("SELECT", "WITH")
_WRITES = ("UPDATE", "DELETE", "INSERT")


@dataclass
class Plans:
    """
    Explains each statement in the moment it is sent, and keeps what is wrong with it.

    ``large`` are the tables that grow; of those a statement reads at most ``most_read`` rows, by an
    index, and sorts at most ``most_sorted``.
    """

    large: frozenset[str]
    most_read: int
    most_sorted: int
    wrong: dict[str, str] = field(default_factory=dict)
    explained: int = 0

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        seen: set[str] = set()

        def explain(
            execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
        ) -> Any:
            done = execute(sql, params, many, context)
            word = sql.lstrip().split(" ", 1)[0].upper()
            if word in (*_READS, *_WRITES) and not many and sql not in seen:
                seen.add(sql)
                self._judge(name, word, sql, params)
            return done

        with connection.execute_wrapper(explain):
            yield

    def _judge(self, name: str, word: str, sql: str, params: Any) -> None:
        is_read = word in _READS and not any(each in sql for each in ("UPDATE ", "INSERT "))
        how = "ANALYZE, FORMAT JSON" if is_read else "FORMAT JSON"
        with connection.connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN ({how}) {sql}", params)
            [[[plan]]] = cursor.fetchall()
        self.explained += 1
        faults = [fault for node in _nodes(plan["Plan"]) if (fault := self._fault(node))]
        if faults:
            self.wrong[f"{name}: {sql[:400]}"] = "; ".join(faults)

    def _fault(self, node: dict[str, Any]) -> str:
        kind, rows = node["Node Type"], node.get("Actual Rows", node["Plan Rows"])
        if kind == "Sort" and rows > self.most_sorted:
            return f"sorts {rows} rows"
        table = node.get("Relation Name")
        if table not in self.large:
            return ""
        read = (rows + node.get("Rows Removed by Filter", 0)) * node.get("Actual Loops", 1)
        if kind == "Seq Scan" and not (self._is_cut(node) and read <= self.most_read):
            return f"reads {table} from end to end"
        if "Actual Rows" in node and read > self.most_read:
            return f"reads {read} rows of {table} by {node.get('Index Name', kind)}"
        return ""

    @staticmethod
    def _is_cut(node: dict[str, Any]) -> bool:
        # Of a table in no order, a page may be read from its beginning.
        return "Actual Rows" in node and not node.get("Rows Removed by Filter")


def large_tables(*, rows: int) -> frozenset[str]:
    """The tables that hold at least so many rows, as ``ANALYZE`` found."""
    with connection.cursor() as cursor:
        cursor.execute(_ROWS, [rows])
        return frozenset(name for (name,) in cursor.fetchall())


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", []):
        yield from _nodes(inner)
