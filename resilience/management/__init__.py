"""Commands of resilience."""
