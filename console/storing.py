"""Changing the store's settings: what is changed is recorded, values only where they say nothing of a person."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from accounts.models import User
from audit.recording import record
from core.models import StoreSetting

NAMES_ONLY = ("announcement", "seller_name", "seller_address", "vat_number", "support_email")


@transaction.atomic
def change_settings(values: Mapping[str, Any], *, actor: User) -> list[str]:
    """Write settings and return the names of those that changed; nothing is written or recorded if none did.

    Two people at once wait for each other, and each is recorded with what it found.
    """
    StoreSetting.objects.get_or_create(pk=1)
    setting = StoreSetting.objects.select_for_update(no_key=True).get(pk=1)
    before = {name: getattr(setting, name) for name in values}
    changed = [name for name, value in values.items() if before[name] != value]
    if not changed:
        return []
    for name in changed:
        setattr(setting, name, values[name])
    setting.full_clean()
    setting.save(update_fields=changed)
    changes = {name: "changed" if name in NAMES_ONLY else [before[name], values[name]] for name in changed}
    record("settings.changed", subject=setting, actor=actor, changes=changes)
    return changed
