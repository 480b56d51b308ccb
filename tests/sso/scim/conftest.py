"""What every test of provisioning needs: a database, and a key that signs."""

from __future__ import annotations

import pytest

from tests.accounts.comers import entered
from tests.accounts.organizations import Club
from tests.api import Api


@pytest.fixture(autouse=True)
def _people_can_sign_in(transactional_db: None, signing_key: None) -> None:
    """Transactions are real here: refusals commit outside of what they refuse."""


@pytest.fixture
def club(api: Api) -> Club:
    return Club(api, entered())
