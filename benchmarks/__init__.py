"""Plinto beside what people use instead, measured in one run: ``make bench-resilience``."""
