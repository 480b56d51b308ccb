"""Identity providers that others wrote, known by their metadata alone, from form to session."""

from __future__ import annotations

import pytest
from django.utils import timezone

from sso.models import Connection, SAMLSettings
from sso.protocols.saml import metadata
from tests.accounts.organizations import Club
from tests.accounts.travellers import last_refusal
from tests.api import Api
from tests.servers.pysaml2_idp import pysaml2
from tests.servers.saml_providers import ForeignSaml
from tests.servers.samlp_idp import samlp
from tests.servers.simplesamlphp import simplesamlphp
from tests.sso.saml_travellers import EXCHANGE, ROOT, code_in, follow, made_connection, post, prove

LOGOUT = "/api/v1/auth/sso/logout"


def connected(club: Club, provider: ForeignSaml) -> Connection:
    """Set both sides up, each from what the other publishes."""
    told = metadata.read(provider.metadata(), signer=None, now=timezone.now()).provider
    connection = made_connection(
        club,
        entity_id=told.entity_id,
        sso_url=told.sso_url,
        certificates=list(told.certificates),
        saml={
            "sso_binding": told.sso_binding,
            "slo_url": told.slo_url,
            "slo_answer_url": told.slo_answer_url,
            "slo_binding": told.slo_binding,
        },
    )
    provider.learn(Api().get(f"/sso/saml/{connection.slug}/metadata").content)
    prove(club, "corp.example")
    return connection


def signed_in(api: Api, provider: ForeignSaml, connection: Connection) -> dict[str, object]:
    """Go to the login door, through the provider's pages, and back to the session."""
    base = f"/sso/saml/{connection.slug}"
    out = api.get(f"{base}/login")
    form = provider.sign_in(out["Location"], until=f"{ROOT}{base}/acs")
    posted = post(f"{base}/acs", form)
    assert posted.status_code == 303, last_refusal()
    answer = api.post(EXCHANGE, {"code": code_in(follow(api, posted))})
    assert answer.status_code == 200, answer.content
    return answer.json()


def is_in(tokens) -> bool:
    return Api().get("/api/v1/me", token=tokens["access"]).status_code == 200


@pytest.mark.parametrize("start", [simplesamlphp, samlp, pysaml2], ids=lambda start: start.__name__)
def test_somebody_signs_in_signed_and_encrypted(club, start):
    with start() as provider:
        connection = connected(club, provider)
        first = signed_in(Api(), provider, connection)
        assert first["user"]["email"] == "ada@corp.example"
        provider.encrypt()
        SAMLSettings.objects.filter(connection=connection).update(wants_encrypted=True)
        again = signed_in(Api(), provider, connection)
        assert again["user"]["id"] == first["user"]["id"]


def test_simplesamlphp_signs_out_here_and_is_signed_out_from_here(club):
    with simplesamlphp() as provider:
        connection = connected(club, provider)
        sls = f"{ROOT}/sso/saml/{connection.slug}/sls"
        ada = signed_in(Api(), provider, connection)
        begun = f"{provider.url}/saml2/idp/SingleLogoutService.php?ReturnTo={provider.url}/"
        asked = provider.go(begun, until=sls)
        answered = Api().get(asked.removeprefix(ROOT))
        assert not is_in(ada)
        assert answered.status_code == 303
        assert answered["Location"].startswith(provider.url)
        done = provider.browser.get(answered["Location"])
        assert "SimpleSAML_Error" not in done.text

        ada = signed_in(Api(), provider, connection)
        url = Api().post(LOGOUT, {}, token=ada["access"]).json()["logout_url"]
        back = provider.go(url, until=sls)
        page = Api().get(back.removeprefix(ROOT))
        assert (page.status_code, "You are signed out" in page.content.decode()) == (200, True)
        # Nobody is signed in there any more: the form is shown again.
        out = Api().get(f"/sso/saml/{connection.slug}/login")
        assert "adapass" not in provider.browser.get(out["Location"], follow_redirects=True).text
