from django.apps import AppConfig


class StripeSimulatorConfig(AppConfig):
    name = "stripe_simulator"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Stripe simulator"
