"""The settings of production: what each room cannot do without, and what leaves the shop open.

Under other settings these pass and examine nothing, and leave what was found in production as it is.
"""

from collections.abc import Callable
from functools import partial

from django.conf import settings

from core.fitness import QUESTIONS
from monitoring.models import Severity
from monitoring.registry import Finding, Look, check

RULES = {
    "config.audit_key": "The seals of the audit record are signed with a key, in production.",
    "config.database": "The database is PostgreSQL in production.",
    "config.hosts": "ALLOWED_HOSTS names the hosts of the shop, and no wildcard, in production.",
    "config.mail": "Mail leaves the machine in production.",
    "config.payments": "Payments go through Stripe in production.",
    "config.secrets": "SECRET_KEY is long and random in production.",
    "config.stripe_api_base": "The key of the account is sent to Stripe only, in production.",
}
LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})
SHORTEST_KEY = 50
FEWEST_CHARACTERS = 5


def weak_key() -> str:
    """Return what is wrong with the key that signs sessions and links, or an empty text."""
    key = settings.SECRET_KEY
    is_strong = len(key) >= SHORTEST_KEY and len(set(key)) >= FEWEST_CHARACTERS
    return "" if is_strong else "SECRET_KEY is short or simple; make a random one of 50 characters or more."


def open_hosts() -> str:
    """Return what is wrong with the host names, or an empty text."""
    if "*" in settings.ALLOWED_HOSTS:
        return "ALLOWED_HOSTS lets any host name through; name those of the shop."
    if set(settings.ALLOWED_HOSTS) <= LOCAL_HOSTS:
        return "ALLOWED_HOSTS names this machine only; add the names that the shop answers to."
    return ""


def look_at(code: str, question: Callable[[], str]) -> Look:
    """Ask one question about the settings, in production only."""
    if not settings.REFUSE_UNFIT_SETTINGS:
        return Look(0, covers=lambda _issue: False)
    answer = question()
    name = code.partition(".")[2]
    findings = [Finding("setting", name, {}, {"answer": answer}, subject=f"Setting: {name}")] if answer else []
    return Look(1, findings)


def declare() -> None:
    """Declare a check for every question that a room has asked, and for keys and hosts."""
    for code, question in (QUESTIONS | {"config.secrets": weak_key, "config.hosts": open_hosts}).items():
        check(
            code,
            title="Settings unfit for production",
            rule=RULES.get(code, f"The setting behind {code} is fit for production."),
            severity=Severity.HIGH,
            what_to_do="Change the setting that the evidence names, and restart web and worker.",
        )(partial(look_at, code, question))
