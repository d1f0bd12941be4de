"""A guest's bag becomes theirs when they sign in (a POST, never a GET)."""

from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest

from accounts.models import User
from orders.bag import COOKIE, SALT, merge_bags


@receiver(user_logged_in, dispatch_uid="orders.merge_bags")
def merge_guest_bag(sender: object, request: HttpRequest | None, user: User, **_kwargs: object) -> None:
    """Give the bag that the browser holds to the user who signs in with it."""
    if request is None or request.method != "POST":
        return
    if token := request.get_signed_cookie(COOKIE, default="", salt=SALT):
        merge_bags(token, user)
