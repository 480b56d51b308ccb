"""Filters for templates of the admin site."""
