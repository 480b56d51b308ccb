"""From what an identity provider says of a person to what Plinto understands of it."""

from __future__ import annotations

from accounts.rules import addresses
from accounts.services.federation import Voucher
from accounts.services.statements import text_of
from sso import presets
from sso.facts import Arrival, Refused
from sso.models import Connection
from sso.protocols.saml.subjects import NameID

_LONGEST_SUBJECT = 255
_LONGEST_NAME = 200
_LONGEST_GROUP = 255
# Microsoft Entra ID sends 150 groups over SAML and 200 over OpenID Connect at most.
_MOST_GROUPS = 1000
# SAML Core, section 8.3.2.
_ADDRESS_FORMAT = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"


def vouched(connection: Connection, arrival: Arrival) -> Voucher:
    """
    Read who came, as the connection's mapping says.

    :raises Refused: the provider tells no address, or two, or nothing to know the person by
    """
    names = presets.names(connection.protocol, connection.preset, connection.attributes)
    email = _address(connection, arrival, names["email"])
    return Voucher(
        connection_id=connection.pk,
        organization_id=connection.organization_id,
        protocol=connection.protocol,
        subject=_subject(connection, arrival),
        email=email,
        is_vouched=_is_vouched(connection, arrival),
        name=_name(arrival, names),
        groups=_groups(arrival, names["groups"]),
        methods=arrival.methods,
        authenticated_at=arrival.authenticated_at,
        session_index=arrival.session_index,
        hint=arrival.hint,
    )


def _subject(connection: Connection, arrival: Arrival) -> str:
    """Return what the provider knows the person by, whole, or two people might become one."""
    subject = arrival.subject
    if _is_saml(connection):
        wanted = connection.saml.subject_attribute
        if wanted:
            values = arrival.attributes.get(wanted, ())
            if len(values) != 1:
                raise Refused(f"subject: {len(values)} values of {wanted}")
            subject = values[0]
        elif _name_id(arrival).is_transient:
            raise Refused("subject: a transient NameID, and no attribute instead")
    if not 0 < len(subject) <= _LONGEST_SUBJECT or not subject.isprintable():
        raise Refused("subject: empty, too long or not printable")
    return subject


def _address(connection: Connection, arrival: Arrival, names: tuple[str, ...]) -> str:
    values = _first(arrival, names)
    if not values and _is_saml(connection) and _name_id(arrival).format == _ADDRESS_FORMAT:
        values = (_name_id(arrival).value,)
    if not values:
        came = ", ".join(sorted(arrival.attributes)) or "none"
        raise Refused(f"no address: looked for {', '.join(names)}; came: {came}")
    if len(values) > 1:
        raise Refused(f"no address: {len(values)} values, one is wanted")
    try:
        return addresses.canonical(values[0]).email
    except ValueError as error:
        raise Refused("no address: not one that mail is sent to") from error


def _is_vouched(connection: Connection, arrival: Arrival) -> bool:
    """
    Tell whether the provider says that the address is the person's.

    Over SAML whatever is signed is. An OpenID provider says so in ``email_verified`` (OpenID
    Connect Core, section 5.1); only Entra ID has no such claim, and its tenants assign addresses.
    """
    if _is_saml(connection):
        return True
    is_silent = "email_verified" not in arrival.attributes
    is_entra = connection.preset == Connection.Preset.ENTRA
    return arrival.email_verified or (is_entra and is_silent)


def _name(arrival: Arrival, names: presets.Names) -> str:
    whole = " ".join(_first(arrival, names["name"])[:1])
    parts = (_first(arrival, names[part])[:1] for part in ("given_name", "family_name"))
    return text_of(whole or " ".join(word for part in parts for word in part), most=_LONGEST_NAME)


def _groups(arrival: Arrival, names: tuple[str, ...]) -> tuple[str, ...]:
    told = dict.fromkeys(_first(arrival, names))
    readable = (group for group in told if len(group) <= _LONGEST_GROUP and group.isprintable())
    return tuple(readable)[:_MOST_GROUPS]


def _first(arrival: Arrival, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the values under the first of the names that has any."""
    found = (arrival.attributes.get(name, ()) for name in names)
    return next((values for values in found if any(values)), ())


def _name_id(arrival: Arrival) -> NameID:
    return NameID.of_hint(arrival.hint) if arrival.hint else NameID(arrival.subject)


def _is_saml(connection: Connection) -> bool:
    return connection.protocol == Connection.Protocol.SAML
