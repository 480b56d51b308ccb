"""What an organization's identity provider provisions over SCIM (RFC 7643)."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from plinto.kernel.ids import uuid7


class ScimToken(models.Model):
    """The bearer token of an organization's provisioning; kept as a digest, shown once."""

    organization = models.OneToOneField(
        "accounts.Organization", on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    digest = models.BinaryField(max_length=32, unique=True)
    hint = models.CharField(max_length=12)  # its first letters, for people to know it by
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "sso_scim_token"
        default_permissions = ()

    def __str__(self) -> str:
        return self.hint


class ScimUser(models.Model):
    """
    A person as an organization's provider describes them.

    ``user`` is their account: linked when the address lies in a domain that the organization has
    proved, or when the person has proved it. Without one the row is a description and opens
    nothing. ``version`` is the ETag and grows with each change.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(
        "accounts.Organization", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+"
    )
    user_name = models.CharField(max_length=255)
    user_name_key = models.CharField(max_length=255)  # RFC 7643: case does not count
    email_key = models.CharField(max_length=254, blank=True)
    external_id = models.CharField(max_length=255, blank=True)
    is_active = models.BooleanField(default=True)
    attributes = models.JSONField(default=dict)  # the rest of the resource, as RFC 7643 names it
    version = models.PositiveBigIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        db_table = "sso_scim_user"
        ordering = ["id"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "user_name_key"], name="scim_user_name_once"
            ),
            models.UniqueConstraint(
                fields=["organization", "user"],
                condition=Q(user__isnull=False),
                name="scim_user_linked_once",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "email_key"], name="scim_user_email"),
            models.Index(fields=["email_key"], name="scim_user_of_address"),
            models.Index(fields=["user_name_key"], name="scim_user_of_name"),
            models.Index(fields=["organization", "external_id"], name="scim_user_external"),
        ]

    def __str__(self) -> str:
        return self.user_name


class ScimGroup(models.Model):
    """A group as the provider describes it; ``GroupRole`` says what its members may do."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(
        "accounts.Organization", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    display_name = models.CharField(max_length=255)
    display_name_key = models.CharField(max_length=255)
    external_id = models.CharField(max_length=255, blank=True)
    version = models.PositiveBigIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        db_table = "sso_scim_group"
        ordering = ["id"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "display_name_key"], name="scim_group_name_once"
            )
        ]

    def __str__(self) -> str:
        return self.display_name


class ScimMember(models.Model):
    """One described person in one group."""

    id = models.BigAutoField(primary_key=True)
    group = models.ForeignKey(
        ScimGroup, on_delete=models.CASCADE, related_name="members", db_index=False
    )
    user = models.ForeignKey(ScimUser, on_delete=models.CASCADE, related_name="memberships")

    class Meta:
        db_table = "sso_scim_member"
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["group", "user"], name="scim_member_once")]

    def __str__(self) -> str:
        return str(self.id)
