"""What every template may use."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from core.models import StoreSetting

THEMES = ("system", "light", "dark")
DENSITIES = ("comfortable", "compact")


def store_facts() -> dict[str, Any]:
    """The shop's name and settings, for pages and mails; the settings are read only when a template asks."""
    return {
        "store_name": settings.STORE_NAME,
        "store_currency": settings.STORE_CURRENCY,
        "store_base_url": settings.STORE_BASE_URL,
        "store_settings": SimpleLazyObject(StoreSetting.current),
        "is_demo": settings.DEMO,
    }


def store(request: HttpRequest) -> dict[str, Any]:
    """The shop's name and settings."""
    return store_facts()


def appearance(request: HttpRequest) -> dict[str, Any]:
    """Light or dark, comfortable or compact, as the visitor's cookie says."""
    theme = request.COOKIES.get("theme", "system")
    density = request.COOKIES.get("density", "comfortable")
    return {
        "ui": {
            "theme": theme if theme in THEMES else "system",
            "density": density if density in DENSITIES else "comfortable",
        }
    }
