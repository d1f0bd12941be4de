"""Messages for tests."""

from itertools import count
from typing import Any

from mail.models import OutgoingMail

numbers = count(1)


def make_mail(**fields: Any) -> OutgoingMail:
    """A message that is due."""
    number = next(numbers)
    defaults = {
        "key": f"test:{number}",
        "kind": "receipt",
        "recipient": f"shopper{number}@example.com",
        "subject": f"Your receipt {number}",
        "text_body": "Thank you.\nSee http://127.0.0.1:8000/orders/7/.\n",
        "html_body": '<p style="color:red">Thank you.</p>',
    }
    return OutgoingMail.objects.create(**{**defaults, **fields})
