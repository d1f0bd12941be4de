"""What arrived in the post: messages to somebody, and the links in them."""

import re

from django.conf import settings

from mail.models import OutgoingMail

LINK = re.compile(r"https?://\S+")


def letters_to(email: str) -> list[OutgoingMail]:
    """Every message to an address, oldest first."""
    return list(OutgoingMail.objects.filter(recipient=email).order_by("pk"))


def link_in(mail: OutgoingMail) -> str:
    """The path of the first link in a message, which has to lead to the public address of the shop."""
    link = LINK.findall(mail.text_body)[0]
    assert link.startswith(f"{settings.STORE_BASE_URL}/")
    return link.removeprefix(settings.STORE_BASE_URL)
