"""What may be done to the trail: record."""
