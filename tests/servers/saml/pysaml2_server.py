"""
pysaml2 as an identity provider with a form: ``pysaml2_server.py PORT DIRECTORY``.

It knows its service provider by the metadata in sp.xml, and encrypts while there is a file called
encrypt.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl
from wsgiref.simple_server import WSGIRequestHandler, make_server

from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.config import IdPConfig
from saml2.metadata import entity_descriptor
from saml2.saml import NAME_FORMAT_URI, NAMEID_FORMAT_PERSISTENT, NameID
from saml2.server import Server

PORT, HERE = int(sys.argv[1]), Path(sys.argv[2])
BASE = f"http://127.0.0.1:{PORT}"
ADA = {"uid": ["ada"], "mail": ["ada@corp.example"], "displayName": ["Ada Lovelace"]}
PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
FORM = """<form method="post" action="/login"><input type="hidden" name="asked" value="{}">
<input name="username"><input name="password" type="password"></form>"""
_asked: dict[str, tuple[Any, str]] = {}


def config(*known: str) -> IdPConfig:
    """The provider's configuration, with the metadata files of those it knows."""
    keys = {"key_file": str(HERE / "idp.key"), "cert_file": str(HERE / "idp.crt")}
    role = {
        "endpoints": {"single_sign_on_service": [(f"{BASE}/sso", BINDING_HTTP_REDIRECT)]},
        "name_id_format": [NAMEID_FORMAT_PERSISTENT],
        "want_authn_requests_signed": True,
        "sign_response": True,
        "sign_assertion": True,
        # Its own default is SHA-1.
        "signing_algorithm": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        "digest_algorithm": "http://www.w3.org/2001/04/xmlenc#sha256",
        "policy": {"default": {"lifetime": {"minutes": 5}, "name_form": NAME_FORMAT_URI}},
    }
    told = {
        "entityid": f"{BASE}/idp",
        "xmlsec_binary": shutil.which("xmlsec1"),
        **keys,
        "service": {"idp": role},
        "metadata": {"local": list(known)},
    }
    return IdPConfig().load(told)


@cache
def provider() -> Server:
    """The provider, once it has been told of Plinto."""
    found = Server(config=config(str(HERE / "sp.xml")))
    plain = found.sec.encrypt_assertion

    def by_aes(statement: Any, enc_key: str, template: Any, node_xpath: Any = None) -> Any:
        # It has no setting for the cipher, and its own is 3DES, which nobody should accept.
        template.encryption_method.algorithm = "http://www.w3.org/2009/xmlenc11#aes256-gcm"
        return plain(statement, enc_key, template, key_type="aes-256", node_xpath=node_xpath)

    found.sec.encrypt_assertion = by_aes
    return found


def asked(query: str) -> str:
    """Verify a request, and show the form."""
    told = dict(parse_qsl(query))
    request = provider().parse_authn_request(
        told["SAMLRequest"],
        BINDING_HTTP_REDIRECT,
        relay_state=told["RelayState"],
        sigalg=told["SigAlg"],
        signature=told["Signature"],
    )
    _asked[request.message.id] = request.message, told["RelayState"]
    return FORM.format(request.message.id)


def answered(form: dict[str, str]) -> str:
    """Show the form that posts the answer."""
    if (form["username"], form["password"]) != ("ada", "adapass"):
        return "wrong"
    message, relay_state = _asked.pop(form["asked"])
    where = provider().response_args(message)
    is_encrypted = (HERE / "encrypt").exists()
    name = NameID(format=NAMEID_FORMAT_PERSISTENT, text="ada")
    response = provider().create_authn_response(
        identity=ADA,
        userid="ada",
        name_id=name,
        authn={"class_ref": PASSWORD, "authn_auth": f"{BASE}/idp"},
        # What it signs before it encrypts does not verify afterwards, as xmlsec1 says too.
        sign_assertion=not is_encrypted,
        sign_response=True,
        encrypt_assertion=is_encrypted,
        encrypted_advice_attributes=False,
        in_response_to=where["in_response_to"],
        destination=where["destination"],
        sp_entity_id=where["sp_entity_id"],
    )
    sent = provider().apply_binding(
        BINDING_HTTP_POST, str(response), where["destination"], relay_state, response=True
    )
    return str(sent["data"])


def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """The three pages."""
    path = environ["PATH_INFO"]
    if path == "/metadata":
        kind, page = "application/xml", str(entity_descriptor(config()))
    elif path == "/sso":
        kind, page = "text/html", asked(environ["QUERY_STRING"])
    else:
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"] or 0)).decode()
        kind, page = "text/html", answered(dict(parse_qsl(body)))
    start("200 OK", [("Content-Type", kind)])
    return [page.encode()]


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Say nothing."""


make_server("127.0.0.1", PORT, application, handler_class=Quiet).serve_forever()
