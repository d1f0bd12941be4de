"""The tabs over the pages of files."""

from django.urls import reverse

TABS = (
    ("exports", "New file"),
    ("export_runs", "Files"),
    ("export_schedules", "Scheduled"),
)


def tabs(current: str) -> list[dict[str, object]]:
    """Return the tabs, the current one marked."""
    return [{"label": label, "url": reverse(f"analytics:{name}"), "current": name == current} for name, label in TABS]
