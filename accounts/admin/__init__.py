"""Django admin for accounts."""
