"""What a visitor wished for before signing in is kept in their session, and wished for when they do (a POST)."""

from django.contrib import messages
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest

from accounts.customers import join
from accounts.models import User
from core.errors import DomainError
from wishlist.services import wish

SESSION_KEY = "wishes"
MOST_KEPT = 20


def remember(request: HttpRequest, product_id: int) -> None:
    """Keep a wish until its visitor signs in; of more than twenty the oldest are forgotten."""
    kept = [known for known in request.session.get(SESSION_KEY, []) if known != product_id]
    request.session[SESSION_KEY] = [*kept, product_id][-MOST_KEPT:]


@receiver(user_logged_in, dispatch_uid="wishlist.keep_wishes")
def keep_wishes(sender: object, request: HttpRequest | None, user: User, **_kwargs: object) -> None:
    """Put what was kept on the list of whoever signs in; what is no longer sold, or does not fit, is left out."""
    if request is None or request.method != "POST" or SESSION_KEY not in request.session:
        return
    kept = request.session.pop(SESSION_KEY)
    customer = join(user)
    if customer is None:
        return
    for product_id in kept:
        try:
            made = wish(customer.pk, product_id=product_id)
        except DomainError:
            continue
        messages.success(request, f"{made.product.name} is on your wishlist.")
