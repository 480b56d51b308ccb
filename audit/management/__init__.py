"""Management of the trail."""
