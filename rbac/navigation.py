"""The sidebar and the landing page: the registered places, filtered by what the visitor may open."""

from itertools import groupby
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from core.navigation import Place, places, waiting_at


def open_places(user: Any) -> list[Place]:
    """Return the console places that a user may open, in order."""
    return [place for place in places() if user.has_perm(f"rbac.{place.permission}")]


def current_url(path: str, urls: list[str]) -> str:
    """Return the address in the sidebar that a path belongs to: the longest that it starts with."""
    return max((url for url in urls if path.startswith(url)), key=len, default="")


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Return `[{label, items: [{label, url, icon, current, count, tone}]}]` for the sidebar of the console."""
    shown = [(place, reverse(place.url_name)) for place in open_places(request.user)]
    waiting = waiting_at(place for place, _ in shown)
    current = current_url(request.path, [url for _, url in shown])
    return [
        {
            "label": section,
            "items": [
                {
                    "label": place.label,
                    "url": url,
                    "icon": place.icon,
                    "current": url == current,
                    "count": waiting.get(place.url_name, 0),
                    "tone": "warn",
                }
                for place, url in group
            ],
        }
        for section, group in groupby(shown, key=lambda pair: pair[0].section)
    ]
