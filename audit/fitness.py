"""What the audit record cannot do without in production."""

import re

from django.conf import settings

from core.fitness import production_needs

KEY = re.compile(r"[0-9a-fA-F]{64}")


@production_needs("config.audit_key")
def audit_key_is_set() -> str:
    """The seals of the record are signed with a key that whoever can write to the database does not hold."""
    if KEY.fullmatch(settings.AUDIT_SIGNING_KEY):
        return ""
    return "AUDIT_SIGNING_KEY is not 64 hexadecimal digits; make one with: openssl rand -hex 32."
