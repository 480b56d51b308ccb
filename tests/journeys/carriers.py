"""People who carry an authenticator app, at the doors of a deployment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.accounts.phones import Phone
from tests.factories import PASSWORD
from tests.journeys.clients import Answer, Caller, Visitor
from tests.journeys.world import World


@dataclass
class Carrier:
    """Somebody with an app, whom any worker may answer."""

    world: World
    visitor: Visitor
    phone: Phone

    def ask(self) -> str:
        """Show the password, and return the token that waits for a second factor."""
        body = {"email": self.visitor.email, "password": PASSWORD}
        answer = self.visitor.caller.send("POST", "/api/v1/auth/login", body)
        assert answer.status == 200
        token: str = answer.body["mfa_token"]
        return token

    def show(self, token: str = "", *, by: Caller | None = None, **factor: Any) -> Answer:
        """Take the second step, of a new sign-in unless told of which."""
        body = {"mfa_token": token or self.ask(), **factor}
        return (by or self.visitor.caller).send("POST", "/api/v1/auth/login/mfa", body)

    def let_half_a_minute_pass(self) -> None:
        """Forget which step was used last, as if the app showed another code by now."""
        self.world.sql(
            "UPDATE accounts_authenticator_app SET last_step = 0 WHERE user_id = %s",
            self.visitor.user_id,
        )


def carrier(world: World, visitor: Visitor) -> Carrier:
    """Let somebody who is signed in add an app."""
    begun = visitor.send("POST", "/me/mfa/totp", {})
    assert begun.status == 200
    phone = Phone(begun.body["secret"])
    confirmed = visitor.send("POST", "/me/mfa/totp/confirm", {"code": phone.code()})
    assert confirmed.status == 200
    phone.recovery_codes = confirmed.body["recovery_codes"]
    found = Carrier(world, visitor, phone)
    found.let_half_a_minute_pass()
    return found
