"""A stateful Stripe for demonstration and tests: it imports no other app and no Stripe library."""
