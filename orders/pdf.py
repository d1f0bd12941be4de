"""Printed pages as PDF, where WeasyPrint is installed: an extra, which the shop does without.

It wants the libraries of Pango on the host as well; where either is missing, or WeasyPrint is older than 68, there is
no PDF and no link to one.
"""

from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

from django.conf import settings

STYLES = Path(__file__).with_name("document_pdf.css")


@cache
def _renderer() -> ModuleType | None:
    try:
        renderer = import_module("weasyprint")
    except (ImportError, OSError):  # the second is what a missing library of Pango raises
        return None
    return renderer if hasattr(renderer.urls, "URLFetcher") else None


def is_available() -> bool:
    """Whether pages can be made into PDF here."""
    return _renderer() is not None


def render_pdf(html: str) -> bytes:
    """Return a page as PDF, styled for paper. It fetches nothing, so no page can make the server ask elsewhere.

    Raises RuntimeError where WeasyPrint is not installed.
    """
    renderer = _renderer()
    if renderer is None:
        raise RuntimeError("WeasyPrint is not installed.")
    nothing = renderer.urls.URLFetcher(allowed_protocols=())
    page = renderer.HTML(string=html, base_url=settings.STORE_BASE_URL, url_fetcher=nothing)
    styles = renderer.CSS(string=STYLES.read_text(encoding="utf-8"), url_fetcher=nothing)
    return page.write_pdf(stylesheets=[styles])
