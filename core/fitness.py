"""What a shop that takes real money may not be served with; each room declares what it cannot do without.

Under `purelaka.settings_prod` web and worker refuse to start while anything is found here. Other commands run, so that
a shop can be looked at and repaired.
"""

from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

Question = Callable[[], str]
QUESTIONS: dict[str, Question] = {}


def production_needs(code: str) -> Callable[[Question], Question]:
    """Declare a question about the settings; its answer is what is wrong and what to set, or an empty text."""

    def declare(question: Question) -> Question:
        QUESTIONS[code] = question
        return question

    return declare


def unfit_settings() -> dict[str, str]:
    """Return what is unfit for production, by code, in the order of the codes; nothing of it is a secret."""
    answers = {code: QUESTIONS[code]() for code in sorted(QUESTIONS)}
    return {code: answer for code, answer in answers.items() if answer}


def refuse_unfit_settings() -> None:
    """Raise ImproperlyConfigured naming everything that is unfit. Does nothing outside production's settings."""
    if not settings.REFUSE_UNFIT_SETTINGS:
        return
    if found := unfit_settings():
        raise ImproperlyConfigured("PureLaka does not serve a shop like this: " + " ".join(found.values()))


@production_needs("config.database")
def database_is_a_server() -> str:
    """One file cannot be shared by hosts, nor written by many at once."""
    if settings.DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":
        return ""
    return "The database is not PostgreSQL; set DATABASE_URL to postgresql://user:password@host:5432/name."


@production_needs("config.mail")
def mail_leaves_the_machine() -> str:
    """A receipt that is printed to a terminal reaches nobody."""
    backend = settings.MAILERS["default"]["BACKEND"]
    if not backend.startswith("django.core.mail.backends.") or backend.endswith(".smtp.EmailBackend"):
        return ""
    return "No mail is sent; set EMAIL_URL to smtp+tls://user:password@host:587."
