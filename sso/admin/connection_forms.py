"""The form of a connection: a few fields for each protocol, judged as those of the API are."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone

from plinto.kernel.exceptions import SSOMetadataError, ValidationError
from sso.models import Connection
from sso.services import connection_fields, saml_metadata

_OWN = ("name", "preset", "redirect_uris", "creates_accounts", "max_age", "clock_skew")
_SAML = ("metadata_signer", "subject_attribute", "allows_unsolicited", "wants_encrypted")
_LINE = forms.URLInput(attrs={"class": "vLargeTextField"})
_LINES = forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"})


class ConnectionForm(forms.ModelForm[Connection]):
    """``wanted`` is what is written, under the names of the API; ``said`` what was fetched."""

    said: dict[str, Any] | SSOMetadataError | None = None

    redirect_uris = forms.CharField(
        required=False,
        widget=_LINES,
        help_text="Where browsers may come back to, one on each line, compared exactly. The first "
        "is where people end who begin at the provider. Empty: Plinto's own page.",
    )
    attributes = forms.CharField(
        required=False,
        widget=_LINES,
        help_text="Only where the provider's names differ from the preset's habit, one on each "
        "line: email: mail, emailAddress",
    )
    role_name = forms.CharField(
        required=False,
        label="Default role",
        help_text="The name of the role of whom no group gives one. Empty: member.",
    )
    metadata_url = forms.URLField(
        required=False,
        assume_scheme="https",
        max_length=connection_fields.LONGEST_URL,
        widget=_LINE,
        help_text="Best: it is asked again every hour, so new certificates come by themselves.",
    )
    metadata_file = forms.FileField(required=False, help_text="Or the file, uploaded.")
    metadata_xml = forms.CharField(
        required=False, widget=_LINES, label="Metadata", help_text="Or its text, pasted."
    )
    metadata_signer = forms.CharField(
        required=False,
        widget=_LINES,
        help_text="The certificate, in PEM, that metadata must be signed by. Federations have one.",
    )
    subject_attribute = forms.CharField(
        required=False,
        max_length=connection_fields.LONGEST_NAME,
        help_text="An attribute that never changes, if the NameID is transient or an address.",
    )
    allows_unsolicited = forms.BooleanField(
        required=False, help_text="People may begin at the provider (a tile of its dashboard)."
    )
    wants_encrypted = forms.BooleanField(required=False, help_text="Assertions must be encrypted.")
    issuer = forms.URLField(required=False, assume_scheme="https", max_length=1024, widget=_LINE)
    client_id = forms.CharField(required=False, max_length=255)
    client_secret = forms.CharField(
        required=False,
        max_length=1024,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="Never shown again; left empty, it stays.",
    )
    scope = forms.CharField(required=False, max_length=500, initial="openid email profile")

    class Meta:
        model = Connection
        fields = ("organization", "protocol", "slug", *_OWN)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.wanted: dict[str, Any] = {}
        if not self.is_new:
            self.initial.update(_shown(self.instance))
        if "slug" in self.fields:
            self.fields["slug"].required = False

    @property
    def is_new(self) -> bool:
        return self.instance._state.adding

    def clean(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        protocol = cleaned.get("protocol") or self.instance.protocol
        try:
            self.wanted = self._judged(protocol, cleaned)
        except ValidationError as refusal:
            for name, reasons in refusal.details["fields"].items():
                self.add_error(name if name in self.fields else None, reasons)
        except SSOMetadataError as refusal:
            self.add_error("metadata_url", refusal.message)
        return cleaned

    def _judged(self, protocol: str, cleaned: dict[str, Any]) -> dict[str, Any]:
        names = (*_OWN, "attributes")
        given = {name: cleaned[name] for name in names if self._is_said(name)}
        for name, read in (("redirect_uris", str.split), ("attributes", _table)):
            if name in given:
                given[name] = read(given[name])
        if self._is_said("role_name"):
            given["default_role"] = cleaned["role_name"] or None
        if self.is_new and cleaned.get("slug"):
            given["slug"] = cleaned["slug"]
        is_saml = protocol == Connection.Protocol.SAML
        return self._of_saml(given) if is_saml else self._of_oidc(given)

    def _is_said(self, name: str) -> bool:
        return name in self.cleaned_data and (self.is_new or name in self.changed_data)

    def _of_saml(self, given: dict[str, Any]) -> dict[str, Any]:
        cleaned = self.cleaned_data
        given |= {name: cleaned[name] for name in _SAML if self._is_said(name)}
        given = connection_fields.judged(given)
        url, text = cleaned.get("metadata_url", ""), self._text()
        if self.is_new and bool(url) == bool(text):
            told = "Give the metadata's address, or upload or paste them."
            raise ValidationError(fields={"metadata_url": [told]})
        if isinstance(self.said, SSOMetadataError):
            raise self.said
        kept = None if self.is_new else self.instance.saml
        if self._is_said("metadata_url"):
            given["metadata_url"] = url
        if self.said is not None:
            given |= self.said
        elif text:
            given |= saml_metadata.columns(
                text.encode(),
                signer=given.get("metadata_signer", kept.metadata_signer if kept else ""),
                entity_id=kept.entity_id if kept else None,
                provider=self.instance.slug or "new",
                now=timezone.now(),
            )
        return given

    def _text(self) -> str:
        file = self.cleaned_data.get("metadata_file")
        if not file:
            return str(self.cleaned_data.get("metadata_xml", "")).strip()
        try:
            return str(file.read(saml_metadata.LONGEST + 1).decode())
        except UnicodeDecodeError as error:
            told = "This is no text in UTF-8."
            raise ValidationError(fields={"metadata_file": [told]}) from error

    def _of_oidc(self, given: dict[str, Any]) -> dict[str, Any]:
        names = ("issuer", "client_id", "scope") if self.is_new else ("client_id", "scope")
        cleaned = self.cleaned_data
        given |= {name: cleaned[name] for name in names if self._is_said(name)}
        if cleaned.get("client_secret"):
            given["client_secret"] = cleaned["client_secret"]
        judged = connection_fields.judged(given)
        return connection_fields.of_oidc(judged) if self.is_new else judged


def _shown(connection: Connection) -> dict[str, Any]:
    """What the fields of a connection that is there begin with; of its secret nothing."""
    role = connection.default_role
    told: dict[str, Any] = {
        "redirect_uris": "\n".join(connection.redirect_uris),
        "attributes": "\n".join(
            f"{name}: {', '.join(names)}" for name, names in connection.attributes.items()
        ),
        "role_name": role.name if role else "",
    }
    if connection.protocol == Connection.Protocol.SAML:
        names = ("metadata_url", *_SAML)
        return told | {name: getattr(connection.saml, name) for name in names}
    return told | {name: getattr(connection.oidc, name) for name in ("client_id", "scope")}


def _table(text: str) -> dict[str, list[str]]:
    """Read lines such as ``email: mail, emailAddress``."""
    table = {}
    for line in text.splitlines():
        name, _, names = line.partition(":")
        if line.strip():
            table[name.strip()] = [each.strip() for each in names.split(",") if each.strip()]
    return table
