"""ID tokens that must not be believed: forged, or good and for another purpose."""

from __future__ import annotations

import pytest
from joserfc import jwk, jwt

from tests.accounts.travellers import arrived, last_refusal, signed_up
from tests.servers.forged_tokens import CLAIMS, FORGERIES, by_stranger
from tests.servers.identity_provider import Person

REFUSED = {"error": "provider_error"}


@pytest.mark.asvs("9.2.1", "9.2.3", "10.5.1", "10.5.4")
@pytest.mark.usefixtures("nobody_came_in")
def test_a_token_for_another_purpose_or_time_is_not_believed(api, idp):
    for what, (claims, why) in CLAIMS.items():
        idp.claims = claims
        assert arrived(api, idp, Person()) == REFUSED, what
        assert last_refusal() == why, what


@pytest.mark.asvs("6.8.2", "9.1.1")
@pytest.mark.usefixtures("nobody_came_in")
def test_a_forged_token_is_not_believed(api, idp):
    for what, forged in FORGERIES.items():
        idp.forge = forged(idp)
        assert arrived(api, idp, Person()) == REFUSED, what
        assert last_refusal().startswith("token: "), what


@pytest.mark.parametrize(
    ("kind", "detail", "algorithm"), [("EC", "P-256", "ES256"), ("OKP", "Ed25519", "Ed25519")]
)
def test_another_algorithm_of_the_list_is_believed(api, idp, kind, detail, algorithm):
    idp.key = jwk.generate_key(kind, detail, {"kid": "other"})
    idp.published, idp.header = [idp.key], {"alg": algorithm}
    assert signed_up(api, idp, Person())["access"]


@pytest.mark.asvs("9.1.3")
def test_of_several_keys_the_one_that_a_token_names_is_used_and_without_a_name_none(api, idp):
    idp.published = [jwk.generate_key("RSA", 2048, {"kid": "second"}), idp.key]
    assert signed_up(api, idp, Person())["access"]
    idp.forge = lambda claims: jwt.encode({"alg": "RS256"}, claims, idp.key)
    assert arrived(api, idp, Person()) == REFUSED
    assert last_refusal() == "token: key"


@pytest.mark.asvs("9.1.2")
@pytest.mark.usefixtures("nobody_came_in")
def test_a_key_that_is_published_for_one_algorithm_is_not_taken_for_another(api, idp):
    idp.published = [jwk.import_key({**idp.key.as_dict(private=False), "alg": "PS256"})]
    assert arrived(api, idp, Person()) == REFUSED
    assert last_refusal() == "token: key"


def test_forged_tokens_make_no_flood_of_questions_for_keys(api, idp):
    assert signed_up(api, idp, Person())
    idp.forge = by_stranger(kid="unknown")
    for _ in range(5):
        assert arrived(api, idp, Person()) == REFUSED
    assert idp.asked("/keys") == 1
    assert idp.asked("/.well-known/openid-configuration") == 1
