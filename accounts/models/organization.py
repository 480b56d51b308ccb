"""Organizations, the roles in them, and who holds which."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from accounts.rules import permissions
from plinto.kernel.ids import uuid7


class Organization(models.Model):
    """
    A group of people who share permissions.

    Whoever changes anything in an organization holds this row first. ``changes`` counts those
    acts and is the version of every copy of who may do what in it; ``epoch`` is its value at the
    last change that concerned everybody, such as of a role.

    From ``mfa_required_from`` on, members without a second factor may nothing. From
    ``sso_required_from`` on, whoever has an address in a domain of the organization comes in by one
    of its connections and no other way; its owners may break the glass.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=200)
    slug = models.CharField(max_length=40, unique=True)
    created_at = models.DateTimeField()
    mfa_required_from = models.DateTimeField(null=True, blank=True)
    sso_required_from = models.DateTimeField(null=True, blank=True)
    changes = models.PositiveBigIntegerField(default=1, editable=False)
    epoch = models.PositiveBigIntegerField(default=1, editable=False)

    class Meta:
        db_table = "accounts_organization"
        ordering = ["-id"]
        # Staff look at organizations; what is done in one is done by its members.
        default_permissions = ("view",)

    def __str__(self) -> str:
        return self.slug


class Role(models.Model):
    """
    A name for permissions in one organization.

    A built-in role is called as in ``rules.permissions.BUILT_IN``, which says what it holds; its
    own list stays empty.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="roles", db_index=False
    )
    name = models.CharField(max_length=40)
    description = models.CharField(max_length=200, blank=True)
    is_builtin = models.BooleanField(default=False)
    own_permissions = models.JSONField(default=list)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "accounts_role"
        ordering = ["-id"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["organization", "name"], name="role_name_once")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def permissions(self) -> list[str]:
        """What whoever has this role may do."""
        return list(permissions.BUILT_IN[self.name] if self.is_builtin else self.own_permissions)

    @property
    def is_owner(self) -> bool:
        return self.is_builtin and self.name == permissions.OWNER


class Membership(models.Model):
    """One person in one organization, with one role."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="memberships", db_index=False
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="memberships",
        db_index=False,
    )
    role = models.ForeignKey(Role, on_delete=models.RESTRICT, related_name="memberships")
    created_at = models.DateTimeField()

    class Meta:
        db_table = "accounts_membership"
        ordering = ["-id"]
        default_permissions = ("view",)
        constraints = [models.UniqueConstraint(fields=["organization", "user"], name="member_once")]
        indexes = [
            models.Index(fields=["organization", "-id"], name="membership_of_organization"),
            models.Index(fields=["user", "-id"], name="membership_of_user"),
        ]

    def __str__(self) -> str:
        return str(self.id)


class Invitation(models.Model):
    """
    A place in an organization, offered to whoever proves that an address is theirs.

    The link in the letter is kept as a digest. ``invited_by`` vouches for it: what they cannot
    give any more when it is accepted is not given.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="invitations"
    )
    role = models.ForeignKey(Role, on_delete=models.RESTRICT, related_name="invitations")
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="invitations"
    )
    email = models.CharField(max_length=254)
    email_key = models.CharField(max_length=254)
    token_digest = models.BinaryField(max_length=32, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "accounts_invitation"
        ordering = ["-id"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "email_key"],
                condition=models.Q(ended_at=None),
                name="invitation_open_once",
            )
        ]
        indexes = [
            models.Index(fields=["email_key"], name="invitation_email_key"),
            models.Index(
                fields=["ended_at"],
                condition=models.Q(ended_at__isnull=False),
                name="invitation_ended_at",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)
