"""What webhooks refuses, by names that clients may rely on."""
