"""The composition: settings, URLs, and the six injectable services, over one kernel."""
