"""The page, the plot and the figures of a run; the page is made from the figures alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from benchmarks import growth, promises
from benchmarks.plot import plotted
from benchmarks.table import Column, Figures, table

_TEXT = """# Performance, measured beside others

Made by `make bench`, which writes this page from [its figures](performance.json). All of it was
measured in one run on one machine, each contender once per round and in turns, so that noise falls
on all alike. The figure to trust is CPU time per request of all server processes together (server,
PostgreSQL, Redis): neighbours on the machine change it less than requests per second, and ratios
less than either.

{machine}. {rounds} rounds of {seconds:g} s for each cell; medians, with the least and the most of
the rounds beside the CPU time. The load of the machine was {load}; above its cores and the one of
the clients, others were at work on it, and the figures are worse than they had to be.

![CPU time per request](images/performance.svg)

## What was promised

{promises}

## Who takes part

Each peer as its documentation recommends, in `benchmarks/peers/`, with `DEBUG` off, two processes,
and where there are threads four in each. They have the argon2id parameters of Plinto
(19 MiB, two passes, one lane) in place of slower defaults, count nothing that would refuse a
client, and write no letters at sign-up. Plinto is what `make serve` starts, with every control on;
its rate limits count each request, and are only set higher than one client can reach. It is one
process of four threads that stay on one core (`WEB_WORKERS=1 WEB_CPU_AFFINITY=true HASH_SLOTS=2`),
because clients, PostgreSQL and Redis need the other ([0029][cores]); rows of "two processes" are
those of the defaults, two processes that go to any core. It writes no line of its log for each
request, as no peer does; where Redis is harmed it does (`LOG_LEVEL=INFO`, the default), so the
first row there shows what that costs.

[cores]: decisions/0029-threads-that-take-turns-share-a-core.md
[acknowledged]: decisions/0029-threads-that-take-turns-share-a-core.md#a-packet-more-from-40-ms-on

* Plinto: {plinto}
* beside it: {peers}
* all on one {postgres}, each in a database of its own, and {redis} for Plinto, who alone uses one

{missing}{cells}

{growth}## Starting, and what it takes

From the start of the processes, with tables and files there, to the first answer; CPU time and
memory until then. The packages are those of `pip install` (of `npm ci` for Node), with all that
they need and with a server.

{starts}

## How it is measured

One client process keeps its connections, which it opened a millisecond apart before the clock
starts, and asks again as soon as it is answered; its own CPU time is in no figure. A thousand that
come in one instant are shared among the processes of any server by chance, up to three to one. Who
reads has asked for a second before requests a second, p50 and p99 are taken: the first tenths of a
second of a machine that stood still are slower, for all alike. A refresh goes on from the token of
the answer before, a sign-up is somebody new, {people} people sign in in turn. `me` with many tokens
goes through them in turn, after each was seen once. Statements are counted by `pg_stat_statements`,
which stays on for all, without those that begin and end transactions (`framing`). Redis commands
are those that clients send, with the background of a process in them. The bare hash is two
processes that only hash, as all who sign in here do two at a time: by argon2-cffi, as Django and
the peers in Python do, and by libsodium, as Plinto does.
"Silent" is a Redis whose port takes connections and never answers. Webhooks are delivered once, and
the start of their workers is in the figure.

## What is not measured here

* The worker, which writes letters and seals the trail: what it does for a sign-in comes after the
  answer, and none of it is in these figures.
* The cache hit ratio under mixed load, and a proxy in front: those have tests of their own.
* The network: all is on one machine, and clients take part of its cores. A contender that costs
  little is held back by them first. At [1,000 connections][acknowledged] that flatters forward
  auth: asked by a leaner client it loses a tenth there, to the kernel.
* Peers have no rate limits, no trail, and no sessions that can be ended at once; Plinto pays for
  all three in each figure above.
{noisy}"""

_ROWS = {
    "me": "GET the signed-in person",
    "forward auth": "Forward auth",
    "refresh": "Refresh",
    "login": "Login",
    "register": "Register",
    "mix": "GET the signed-in person while others sign in",
    "permission check": "Permission check",
    "introspect": "Introspection of a token with an API key",
    "SAML": "A SAML response at the ACS",
    "Redis": "GET the signed-in person while Redis is harmed",
    "fan-out": "A webhook's message, from the trail to its receiver",
}
# Rounds that differ so much say little.
_NOISY = 1.5


def written(measured: dict[str, Any], directory: Path) -> None:
    """Write figures, page and plot below a directory, as below ``docs``."""
    (directory / "images").mkdir(parents=True, exist_ok=True)
    text = json.dumps(measured, indent=1, ensure_ascii=False) + "\n"
    (directory / "performance.json").write_text(text)
    (directory / "performance.md").write_text(page(measured))
    (directory / "images" / "performance.svg").write_text(plotted(measured["cells"]))


def page(measured: dict[str, Any]) -> str:
    """Lay the figures of a run out for a reader."""
    cells = measured["cells"]
    missing = ", ".join(measured["missing"])
    return _TEXT.format(
        machine=measured["machine"]["hardware"],
        rounds=measured["rounds"],
        seconds=measured["seconds"],
        load=measured["load"],
        promises=_promises(measured),
        plinto=measured["machine"]["plinto"],
        peers=measured["machine"]["peers"],
        postgres=measured["machine"]["postgres"],
        redis=measured["machine"]["redis"],
        missing=f"Not measured in this run: {missing}.\n\n" if missing else "",
        cells="\n\n".join(_section(cells, *each) for each in _ROWS.items() if _has(cells, each[0])),
        growth=_growth(measured.get("growth")),
        starts=_starts(measured["starts"]),
        people=measured["people"],
        noisy=_noisy(cells),
    )


def _promises(measured: dict[str, Any]) -> str:
    return table(
        promises.told(measured),
        Column("line", "what"),
        Column("target", "target"),
        Column("measured", "measured"),
        Column("verdict", ""),
    )


def _has(cells: list[Figures], workload: str) -> bool:
    return any(row["workload"] == workload for row in cells)


def _section(cells: list[Figures], workload: str, title: str) -> str:
    beside = {"login", "register"} & {workload} and {"hash"}
    rows = [
        {
            **row,
            "name": ", ".join(part for part in (row["contender"], row["variant"]) if part),
            "spread": f"{row['cpu_least']:,.0f}–{row['cpu_most']:,.0f}",
        }
        for row in cells
        if row["workload"] in {workload, *beside}
    ]
    return f"## {title}\n\n" + table(
        rows,
        Column("name", ""),
        Column("connections", "conn."),
        Column("cpu", "CPU µs", "{:,.0f}"),
        Column("spread", "least–most"),
        Column("cpu_postgres", "of it PostgreSQL", "{:,.0f}"),
        Column("cpu_redis", "Redis", "{:,.0f}"),
        Column("rate", "requests/s", "{:,.0f}"),
        Column("p50", "p50 ms", "{:,.1f}"),
        Column("p99", "p99 ms", "{:,.1f}"),
        Column("errors", "errors", "{:,}"),
        Column("unexpected", "other statuses", "{:,}"),
        Column("statements", "SQL", "{:.1f}"),
        Column("framing", "framing", "{:.1f}"),
        Column("sent", "Redis commands", "{:.1f}"),
        Column("rss", "RSS MB", "{:,.0f}"),
    )


def _growth(figures: dict[str, Any] | None) -> str:
    if figures is None:
        return ""
    return (
        "## A thousand times as many people\n\n"
        f"Made by `make bench-growth`, in {figures['rounds']} rounds of another run: one deployment"
        f" of {figures['few']:,} people and one of {figures['many']:,}, with three sessions and"
        " five rows of the trail for each, on one PostgreSQL. One request at a time.\n\n"
        f"{growth.shown(figures)}\n\n"
    )


def _starts(rows: list[Figures]) -> str:
    return table(
        rows,
        Column("contender", ""),
        Column("seconds", "first answer, s", "{:.1f}"),
        Column("cpu", "CPU s", "{:.1f}"),
        Column("rss", "RSS of all, MB", "{:,.0f}"),
        Column("rss_worker", "of the largest process", "{:,.0f}"),
        Column("megabytes", "packages, MB", "{:,.0f}"),
    )


def _noisy(cells: list[Figures]) -> str:
    names = [
        f"{row['workload']} of {row['contender']}"
        + (f" ({row['variant']})" if row["variant"] else "")
        + (f" at {row['connections']:,}" if row["connections"] else "")
        for row in cells
        if row["cpu_most"] > _NOISY * max(row["cpu_least"], 1)
    ]
    if not names:
        return ""
    return (
        f"\nRounds differ by more than {_NOISY} times in: "
        + "; ".join(names)
        + ". Trust them less.\n"
    )
