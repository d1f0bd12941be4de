"""What `manage.py check` says about settings that would make the shop wrong, each with an id and what to do."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004  Django's own name

from core.money import EXPONENTS

SQLITE = "django.db.backends.sqlite3"


@register()
def store_currency_is_known(app_configs: Sequence[Any] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """The currency of prices is one that can be charged."""
    if settings.STORE_CURRENCY in EXPONENTS:
        return []
    message = f"STORE_CURRENCY is {settings.STORE_CURRENCY!r}, which is not a currency that Stripe takes."
    return [Error(message, hint="Use a three-letter ISO 4217 code in capitals, such as GBP.", id="core.E001")]


@register()
def store_base_url_is_an_origin(app_configs: Sequence[Any] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """The address of the shop is scheme and host, nothing more: links in mails are made by adding a path."""
    if is_origin(settings.STORE_BASE_URL):
        return []
    message = f"STORE_BASE_URL is {settings.STORE_BASE_URL!r}, which is not the address of a site."
    return [Error(message, hint="Write scheme and host only, such as https://shop.example.", id="core.E002")]


@register(Tags.database)
def sqlite_keeps_its_promises(app_configs: Sequence[Any] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """SQLite takes its write lock at the start of a transaction, and its triggers see rows that are replaced."""
    database = settings.DATABASES["default"]
    if database["ENGINE"] != SQLITE:
        return []
    options = database.get("OPTIONS", {})
    missing = [
        text
        for text, present in {
            "transaction_mode IMMEDIATE": options.get("transaction_mode") == "IMMEDIATE",
            "PRAGMA recursive_triggers=ON": "recursive_triggers=ON" in options.get("init_command", ""),
            "PRAGMA foreign_keys=ON": "foreign_keys=ON" in options.get("init_command", ""),
        }.items()
        if not present
    ]
    if not missing:
        return []
    message = "SQLite is opened without " + " and ".join(missing) + "."
    return [Error(message, hint="Keep the OPTIONS that purelaka.settings sets for SQLite.", id="core.E003")]


@register(Tags.security, deploy=True)
def store_base_url_is_https(app_configs: Sequence[Any] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Links in mails lead to https in production."""
    if settings.STORE_BASE_URL.startswith("https://"):
        return []
    message = f"STORE_BASE_URL is {settings.STORE_BASE_URL!r}: links in mails and on receipts are not https."
    return [Warning(message, hint="Set STORE_BASE_URL to the https address of the shop.", id="core.W001")]


def is_origin(address: str) -> bool:
    """Whether the address is http or https, a host, perhaps a port, and nothing else."""
    try:
        parts = urlsplit(address)
        return (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and (parts.port is None or parts.port > 0)
            and not (parts.path or parts.query or parts.fragment or parts.username)
            and not any(character.isspace() for character in address)
        )
    except ValueError:
        return False
