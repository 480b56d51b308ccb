"""Shapes of accounts on the wire: bodies that come in and answers that go out."""
