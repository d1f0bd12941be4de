"""Write `.env` with random keys if there is none; a person's own is never touched."""

import os
import secrets
import sys
from pathlib import Path

TEXT = """# Written by `make demo`. The names are explained in .env.example.
SECRET_KEY={secret}
STRIPE_WEBHOOK_SECRETS=whsec_{webhook}
AUDIT_SIGNING_KEY={audit}
METRICS_TOKEN={metrics}
"""


def write_env(path: Path) -> bool:
    """Create the file, readable by its owner only; False if it was there already."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "w") as file:
        file.write(
            TEXT.format(
                secret=secrets.token_urlsafe(50),
                webhook=secrets.token_hex(24),
                audit=secrets.token_hex(32),
                metrics=secrets.token_hex(24),
            )
        )
    return True


if __name__ == "__main__":
    target = Path(sys.argv[1] if len(sys.argv) > 1 else ".env")
    print(f"{target} written" if write_env(target) else f"{target} is there already")
