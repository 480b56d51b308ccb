"""
What the probers of the degrade contract find: a deployment with people, mail and a bad Redis.

A prober is a generator. What stands before its one ``yield`` happens while Redis is well, what
stands after it while Redis is in the state that is tried.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from uuid import uuid4

import psutil

from resilience.contract import Control
from tests.factories import PASSWORD
from tests.journeys.clients import Answer, Caller, Visitor
from tests.journeys.desk import Desk
from tests.journeys.waiting import eventually
from tests.journeys.world import World
from tests.servers.identity_provider import IdentityProvider
from tests.servers.name_server import NameServer
from tests.servers.receiver import Receiver
from tests.servers.smtp import SMTPSink

# Often enough that each of two workers is asked, however the kernel shares connections out.
_TIMES = 8

Prober = Callable[["Scene"], Iterator[None]]
PROBERS: dict[str, Prober] = {}
# The version of the terms that the deployment asks for, as people send it when they register.
AGREED = {"terms_version": "2026-11"}


def proves(control: Control) -> Callable[[Prober], Prober]:
    """Make a generator the prober of ``control``."""

    def keep(prober: Prober) -> Prober:
        assert control.name not in PROBERS
        PROBERS[control.name] = prober
        return prober

    return keep


def everywhere(ask: Callable[[], Answer]) -> set[int]:
    """Ask until every worker has answered, and return the statuses."""
    return {ask().status for _ in range(_TIMES)}


@dataclass
class Scene:
    """One deployment for all probers; each takes people and networks that no other has."""

    world: World
    sink: SMTPSink
    state: str
    idp: IdentityProvider | None = None
    names: NameServer | None = None
    hooks: Receiver | None = None
    _networks: Iterator[int] = field(default_factory=lambda: count(1))

    def network(self) -> str:
        number = next(self._networks)
        return f"10.{number >> 8}.{number & 255}.1"

    def caller(self) -> Caller:
        """Somebody at a network of their own, whom any worker may answer."""
        return self.to_any(self.network())

    def to_any(self, network: str) -> Caller:
        """Somebody at a network, whom any worker may answer."""
        return self.world.caller(address=network, is_kept=False)

    def to_each(self, network: str) -> list[Caller]:
        """Callers at a network, one on a kept connection to each worker."""
        found: dict[int, Caller] = {}
        workers = [psutil.Process(pid) for pid in self.world.web.worker_pids()]
        for _ in range(100):
            caller = self.world.caller(address=network)
            caller.send("GET", "/health/live")
            for worker in workers:
                far = {one.raddr.port for one in worker.net_connections() if one.raddr}
                if caller.port in far:
                    found.setdefault(worker.pid, caller)
            if len(found) == len(workers):
                break
        assert len(found) == len(workers)
        return list(found.values())

    def visitor(self, email: str = "") -> Visitor:
        """Somebody with an account, new unless named, at a network of their own."""
        return Visitor(self.caller(), email or self.world.populate(1)[0])

    def signed_in(self, email: str = "") -> Visitor:
        """The same, signed in, and known to every worker and to Redis if it is well."""
        visitor = self.visitor(email)
        assert visitor.sign_in().status == 200
        assert everywhere(visitor.me) == {200}
        return visitor

    def registered(self, many: int = 1) -> list[dict[str, str]]:
        """Sign people up; return what proves their mailboxes: email, code, handle and token."""
        proofs = []
        for _ in range(many):
            body = {"email": f"{uuid4().hex}@example.com", "password": PASSWORD, **AGREED}
            answer = self.caller().send("POST", "/api/v1/auth/register", body)
            assert answer.status == 202
            handle = answer.body["registration"]
            proofs.append({"email": body["email"], "registration": handle})
        for proof in proofs:
            letter = self.letter(proof["email"])
            proof |= {"code": re.findall(r"\b\d{6}\b", letter)[0], "token": token_in(letter)}
        return proofs

    def letter(self, email: str) -> str:
        """The text of the last letter to ``email``, which may still be on its way."""

        def arrived() -> list[str]:
            return [
                message.get_body(("plain",)).get_content()
                for message in list(self.sink.messages)
                if message["To"] == email
            ]

        return eventually(arrived, seconds=30)[-1]

    def reset_tokens(self, *emails: str) -> list[str]:
        """Let people forget their passwords, and return what their letters bring."""
        for email in emails:
            body = {"email": email}
            answer = self.caller().send("POST", "/api/v1/auth/password/reset", body)
            assert answer.status == 202
        return [token_in(self.letter(email)) for email in emails]

    def desk(self, *, is_superuser: bool) -> Desk:
        """A member of staff, signed in to the admin site."""
        [email] = self.world.populate(1)
        self.world.sql(
            "UPDATE accounts_user SET is_staff = true, is_superuser = %s WHERE email = %s",
            is_superuser,
            email,
        )
        desk = Desk(self.world.web.port, email, self.network())
        assert desk.sign_in().status == 302
        return desk

    def id_of(self, email: str) -> str:
        [[key]] = self.world.sql("SELECT id FROM accounts_user WHERE email = %s", email)
        return str(key)


def token_in(letter: str) -> str:
    [token] = re.findall(r"#token=([\w-]+)", letter)
    return token
