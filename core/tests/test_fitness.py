import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command

from core.fitness import refuse_unfit_settings, unfit_settings

SMTP = "django.core.mail.backends.smtp.EmailBackend"


@pytest.fixture
def fit(settings, monkeypatch):
    """Settings with which a shop may be served."""
    settings.REFUSE_UNFIT_SETTINGS = True
    monkeypatch.setitem(settings.DATABASES["default"], "ENGINE", "django.db.backends.postgresql")
    settings.MAILERS = {"default": {"BACKEND": SMTP}}
    settings.PAYMENTS_USE_STRIPE = True
    settings.STRIPE_API_BASE = ""
    settings.AUDIT_SIGNING_KEY = "0123456789abcdefABCDEF0123456789" * 2
    return settings


def test_a_shop_with_everything_is_served(fit):
    assert unfit_settings() == {}
    refuse_unfit_settings()


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("MAILERS", {"default": {"BACKEND": "django.core.mail.backends.console.EmailBackend"}}, "config.mail"),
        ("MAILERS", {"default": {"BACKEND": "django.core.mail.backends.dummy.EmailBackend"}}, "config.mail"),
        ("MAILERS", {"default": {"BACKEND": "django.core.mail.backends.filebased.EmailBackend"}}, "config.mail"),
        ("PAYMENTS_USE_STRIPE", False, "config.payments"),
        ("AUDIT_SIGNING_KEY", "", "config.audit_key"),
        ("AUDIT_SIGNING_KEY", "0" * 63, "config.audit_key"),
        ("AUDIT_SIGNING_KEY", "g" * 64, "config.audit_key"),
        ("AUDIT_SIGNING_KEY", "0" * 64 + "\n", "config.audit_key"),
    ],
)
def test_what_is_unfit_is_named_with_what_to_set(fit, name, value, code):
    setattr(fit, name, value)
    found = unfit_settings()
    assert list(found) == [code]
    with pytest.raises(ImproperlyConfigured) as refusal:
        refuse_unfit_settings()
    assert found[code] in str(refusal.value)


def test_a_database_in_a_file_is_unfit(fit, monkeypatch):
    monkeypatch.setitem(fit.DATABASES["default"], "ENGINE", "django.db.backends.sqlite3")
    assert list(unfit_settings()) == ["config.database"]


def test_everything_unfit_is_named_at_once(fit):
    fit.AUDIT_SIGNING_KEY = ""
    fit.PAYMENTS_USE_STRIPE = False
    with pytest.raises(ImproperlyConfigured, match=r"AUDIT_SIGNING_KEY.*PAYMENTS_USE_STRIPE"):
        refuse_unfit_settings()


def test_a_backend_of_another_package_is_taken_for_one_that_sends(fit):
    fit.MAILERS = {"default": {"BACKEND": "anymail.backends.postmark.EmailBackend"}}
    assert unfit_settings() == {}


def test_the_worker_of_an_unfit_shop_does_not_start(fit):
    fit.PAYMENTS_USE_STRIPE = False
    with pytest.raises(ImproperlyConfigured, match="PAYMENTS_USE_STRIPE"):
        call_command("worker")


def test_a_look_at_the_shop_may_be_taken_with_anything(settings):
    assert settings.REFUSE_UNFIT_SETTINGS is False
    settings.PAYMENTS_USE_STRIPE = False
    refuse_unfit_settings()
