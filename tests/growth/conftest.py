"""What every test of growth needs: real transactions, and a key that signs."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _people_can_sign_in(transactional_db: None, signing_key: None) -> None:
    """Rows are committed, so that ``ANALYZE`` and other connections see them."""
