"""Who gets the summary of each week: asking for it, and ending it, from the console or from the mail itself."""

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.urls import reverse

from accounts.models import User
from analytics.models import SummarySubscription
from analytics.summary.weekly import last_week

SALT = "analytics.summary"


def subscribe(user: User, *, currency: str) -> SummarySubscription:
    """Send this person the summary from next Monday on, in this currency. Safe to repeat; the last currency counts."""
    subscription, _ = SummarySubscription.objects.update_or_create(
        user=user,
        defaults={"currency": currency},
        create_defaults={"currency": currency, "sent_for": last_week().start},
    )
    return subscription


def unsubscribe(user: User) -> bool:
    """Send this person no more summaries; return whether they got any. Safe to repeat."""
    return bool(SummarySubscription.objects.filter(user=user).delete()[0])


def subscription_of(user: User) -> SummarySubscription | None:
    """Return what this person has asked for."""
    return SummarySubscription.objects.filter(user=user).first()


def stop_url(user: User) -> str:
    """Return the full address under which whoever holds the mail ends it, signed in or not."""
    path = reverse("summary:stop", args=[Signer(salt=SALT).sign(str(user.pk))])
    return settings.STORE_BASE_URL + path


def user_of_link(token: str) -> User | None:
    """Return whom the address of a mail is about; None if it was not made by us."""
    try:
        key = Signer(salt=SALT).unsign(token)
    except BadSignature:
        return None
    return User.objects.filter(pk=int(key)).first()
