"""What Stripe's books are asked for by the clock."""

from datetime import time, timedelta

from django.conf import settings
from django.utils.module_loading import import_string

from core.jobs import job
from payments.balance import JOB, WIDE_OVERLAP, import_balance
from payments.models import BalanceTransaction
from payments.payouts import import_payouts


@job(JOB, every=timedelta(minutes=10))
def import_recent_balance() -> None:
    """Bring in what has moved on the Stripe balance. A failure is left to be recorded: the next run begins earlier."""
    import_balance()


@job("payments.import_balance_again", at=time(4, 10))
def import_balance_again() -> None:
    """Look a week back once a night, for movements that Stripe listed late."""
    import_balance(overlap=WIDE_OVERLAP)


@job("payments.import_payouts", every=timedelta(minutes=30))
def import_recent_payouts() -> None:
    """Bring payouts to what Stripe says, for events that did not come."""
    import_payouts()


if not settings.PAYMENTS_USE_STRIPE:

    @job("payments.simulator_payout", at=time(3, 0))
    def let_simulator_pay_out() -> None:
        """Let the simulator pay its balance out once a night, as Stripe does by itself."""
        make_payout = import_string(settings.STRIPE_SIMULATOR_PAYOUT)
        for currency in BalanceTransaction.objects.order_by().values_list("currency", flat=True).distinct():
            make_payout(currency.lower())
