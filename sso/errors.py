"""What single sign-on refuses, by names that clients may rely on."""

from __future__ import annotations
