"""Ways to an identity provider and back, and what may come back once."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from plinto.kernel.ids import uuid7
from sso.models.connection import Connection


class SignIn(models.Model):
    """
    One way to an identity provider and back, bound to the browser that began it.

    It is known at the provider by ``state_digest`` (OpenID Connect's ``state``, SAML's
    ``RelayState``) and in SAML by ``request_id`` too. An assertion is posted from another site, so
    without the browser's cookie: it is verified, kept sealed, and ``handle_digest`` is what the
    browser comes back with once more, now with its cookie. One that nobody asked for has no
    ``request_id`` and no browser yet. ``tester_id`` is whoever only wants to see if it works; then
    ``findings`` says what was found, and nobody is signed in.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="sign_ins")
    redirect_uri = models.CharField(max_length=500)
    browser_digest = models.BinaryField(max_length=32, null=True)
    request_id = models.CharField(max_length=64, blank=True)
    state_digest = models.BinaryField(max_length=32, unique=True, null=True)
    sealed_secrets = models.BinaryField(editable=False, default=b"")  # nonce and PKCE verifier
    is_proof_wanted = models.BooleanField(default=False)  # the person was to prove themselves anew
    tester_id = models.UUIDField(null=True)
    findings = models.JSONField(null=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    answered_at = models.DateTimeField(null=True)
    handle_digest = models.BinaryField(max_length=32, unique=True, null=True)
    sealed_arrival = models.BinaryField(editable=False, null=True)
    arrived_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "sso_sign_in"
        ordering = ["-id"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["request_id"], condition=~Q(request_id=""), name="request_sent_once"
            )
        ]

    def __str__(self) -> str:
        return str(self.id)


class ConsumedAssertion(models.Model):
    """
    An assertion that was accepted once and never is again (SAML Core, section 2.5.1.5).

    ``digest`` is SHA-256 of its id. The row stays until the assertion would be refused as expired.
    """

    id = models.BigAutoField(primary_key=True)
    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    digest = models.BinaryField(max_length=32)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "sso_consumed_assertion"
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["connection", "digest"], name="assertion_used_once")
        ]

    def __str__(self) -> str:
        return str(self.id)


class SignOn(models.Model):
    """
    What a session is called at the identity provider that vouched for it, for signing out there.

    ``subject_digest`` is of the NameID with its format, or of ``sub``; ``session_index`` is SAML's,
    or ``sid``. What a request to sign out has to say is sealed: the NameID, or the ID token.
    """

    session = models.OneToOneField(
        "accounts.Session", on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="sign_ons", db_index=False
    )
    subject_digest = models.BinaryField(max_length=32)
    session_index = models.CharField(max_length=255, blank=True)
    sealed_subject = models.BinaryField(editable=False, default=b"")

    class Meta:
        db_table = "sso_sign_on"
        default_permissions = ()
        indexes = [
            models.Index(fields=["connection", "subject_digest"], name="sign_on_of_subject"),
            models.Index(fields=["connection", "session_index"], name="sign_on_of_session"),
        ]

    def __str__(self) -> str:
        return str(self.session_id)
