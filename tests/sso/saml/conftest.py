"""What is pure is tested without a database."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _people_can_sign_in() -> None:
    """Nobody signs in here: that of the directory above would empty the database each time."""
