"""What the doors of single sign-on promise while a dependency is gone."""

from __future__ import annotations

from resilience.contract import Control, Database, Mail, Redis, enforce, read_only, refuse

SSO_SIGN_IN = Control(
    name="single sign-on",
    truth=(
        "the row of the sign-in, whose request, answer and handle are each spent by one "
        "conditional UPDATE, and the row of the assertion, unique per connection"
    ),
    rows=(
        "sso.Connection",
        "sso.SAMLSettings",
        "sso.SignIn",
        "sso.ConsumedAssertion",
    ),
    redis=Redis.always(
        enforce(
            "An assertion or code of an identity provider signs in once, only the browser that "
            "asked for it, and only where a connection that is on asked for it."
        )
    ),
    database=Database.always(
        refuse("Nobody is sent to an identity provider, and no answer of one is taken.")
    ),
    mail=Mail.always(enforce("Single sign-on sends no mail.")),
)

SSO_SIGN_OUT = Control(
    name="single sign-out",
    truth="the row of what a session is called at its provider, and the session's own row",
    rows=("sso.SignOn",),
    redis=Redis.always(
        enforce("Whom their provider signs out is refused at once, and only it can do that.")
    ),
    database=Database.always(refuse("No request of a provider to sign somebody out is taken.")),
    mail=Mail.always(enforce("Signing out sends no mail.")),
)

SERVICE_KEYS = Control(
    name="service keys",
    truth="the rows of the keys, whose private halves are sealed",
    rows=("sso.ServiceKey",),
    redis=Redis.always(enforce("Requests are signed and assertions are read with the same keys.")),
    database=Database(
        gone=read_only("A process that has read the keys goes on with them; none are changed."),
        read_only=read_only("The keys are used as ever; none are changed."),
        busy=read_only("A process that has read the keys goes on with them; none are changed."),
    ),
    mail=Mail.always(enforce("Service keys send no mail.")),
)

CONTROLS = (SSO_SIGN_IN, SSO_SIGN_OUT, SERVICE_KEYS)
