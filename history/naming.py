"""What things of a history are called among those of Stripe and of other sources."""

import re

# Stripe's own ids are unique in the world. A reference of another form is only so within its source, whose name holds
# no slash.
STRIPE_ID = re.compile(r"(?:txn|po|pi|dp|du)_[A-Za-z0-9]{14,}\Z")


def is_stripe_id(ref: str) -> bool:
    """Whether a reference is an id that Stripe gave."""
    return STRIPE_ID.match(ref) is not None


def stripe_name(source: str, ref: str) -> str:
    """Return the id that a thing of Stripe's is stored under: its own, or one that no other source can have."""
    return ref if is_stripe_id(ref) else f"{source}/{ref}"
