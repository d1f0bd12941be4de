"""Stripe's test cards, and two bank debits that finish later (https://docs.stripe.com/testing)."""

from dataclasses import dataclass, field
from enum import StrEnum


class Outcome(StrEnum):
    PAID = "paid"
    DECLINED = "declined"
    AUTHENTICATE = "authenticate"
    PROCESSING = "processing"


@dataclass(frozen=True)
class Decline:
    """Why a payment fails, in Stripe's codes and words."""

    code: str
    decline_code: str | None
    message: str


_DECLINED = "Your card was declined."
GENERIC = Decline("card_declined", "generic_decline", _DECLINED)
INSUFFICIENT = Decline("card_declined", "insufficient_funds", "Your card has insufficient funds.")
LOST = Decline("card_declined", "lost_card", _DECLINED)
EXPIRED = Decline("expired_card", None, "Your card has expired.")
WRONG_CVC = Decline("incorrect_cvc", None, "Your card's security code is incorrect.")
PROCESSING_ERROR = Decline(
    "processing_error", None, "An error occurred while processing your card. Try again in a little bit."
)
WRONG_NUMBER = Decline("incorrect_number", None, "Your card number is incorrect.")
NOT_A_TEST_CARD = Decline(
    "card_declined",
    "test_mode_live_card",
    "Your card was declined. Your request was in test mode, but used a non test card.",
)
NOT_AUTHENTICATED = Decline(
    "payment_intent_authentication_failure",
    None,
    "We are unable to authenticate your payment method. Please choose a different payment method and try again.",
)
DEBIT_FAILED = Decline(
    "payment_intent_payment_attempt_failed", None, "The bank could not collect the payment from this account."
)


@dataclass(frozen=True)
class Card:
    """A way to pay on the page. `number` identifies it; bank debits have a name there instead."""

    number: str
    label: str
    outcome: Outcome = Outcome.PAID
    brand: str = "visa"
    country: str = "US"
    decline: Decline | None = None
    disputed: bool = False
    asked_about: bool = False  # the bank opens an inquiry
    # A bank debit reports its end later: True succeeds, False fails.
    succeeds_later: bool | None = None
    on_page: bool = field(default=False, compare=False)

    @property
    def last4(self) -> str:
        return self.number[-4:]

    @property
    def is_debit(self) -> bool:
        return self.succeeds_later is not None

    @property
    def shown_number(self) -> str:
        return "" if self.is_debit else " ".join(self.number[i : i + 4] for i in range(0, len(self.number), 4))


_CARDS = (
    Card("4242424242424242", "Payment succeeds", on_page=True),
    Card("4000002500003155", "Asks for 3-D Secure", Outcome.AUTHENTICATE, on_page=True),
    Card("4000000000000002", "Declined", Outcome.DECLINED, decline=GENERIC, on_page=True),
    Card("4000000000009995", "Insufficient funds", Outcome.DECLINED, decline=INSUFFICIENT, on_page=True),
    Card("4000000000000259", "Succeeds, disputed later", disputed=True, on_page=True),
    Card(
        "bank_debit_succeeds",
        "Bank debit, arrives later",
        Outcome.PROCESSING,
        succeeds_later=True,
        on_page=True,
    ),
    Card("bank_debit_fails", "Bank debit, fails later", Outcome.PROCESSING, succeeds_later=False, on_page=True),
    Card("4000000000001976", "Succeeds, asked about later", asked_about=True),
    Card("5555555555554444", "Mastercard", brand="mastercard"),
    Card("378282246310005", "American Express", brand="amex"),
    Card("4000008260000000", "UK Visa", country="GB"),
    Card("4000002760003184", "Always asks for 3-D Secure", Outcome.AUTHENTICATE),
    Card("4000000000003220", "3-D Secure 2", Outcome.AUTHENTICATE),
    Card("4000008400001629", "3-D Secure, then declined", Outcome.AUTHENTICATE, decline=GENERIC),
    Card("4000000000009987", "Lost card", Outcome.DECLINED, decline=LOST),
    Card("4000000000000069", "Expired card", Outcome.DECLINED, decline=EXPIRED),
    Card("4000000000000127", "Wrong security code", Outcome.DECLINED, decline=WRONG_CVC),
    Card("4000000000000119", "Processing error", Outcome.DECLINED, decline=PROCESSING_ERROR),
)
_BY_NUMBER = {card.number: card for card in _CARDS}
# The payment methods that Stripe offers in test mode without a number.
BY_TOKEN = {
    "pm_card_visa": _BY_NUMBER["4242424242424242"],
    "pm_card_mastercard": _BY_NUMBER["5555555555554444"],
    "pm_card_amex": _BY_NUMBER["378282246310005"],
    "pm_card_gb": _BY_NUMBER["4000008260000000"],
    "pm_card_authenticationRequired": _BY_NUMBER["4000002760003184"],
    "pm_card_threeDSecure2Required": _BY_NUMBER["4000000000003220"],
    "pm_card_chargeDeclined": _BY_NUMBER["4000000000000002"],
    "pm_card_visa_chargeDeclined": _BY_NUMBER["4000000000000002"],
    "pm_card_chargeDeclinedInsufficientFunds": _BY_NUMBER["4000000000009995"],
    "pm_card_visa_chargeDeclinedInsufficientFunds": _BY_NUMBER["4000000000009995"],
    "pm_card_createDispute": _BY_NUMBER["4000000000000259"],
    "pm_card_createDisputeInquiry": _BY_NUMBER["4000000000001976"],
}
ON_PAGE = tuple(card for card in _CARDS if card.on_page)


def find(number: str) -> Card:
    """The card with this number, spaces and dashes apart; an unknown one is declined as Stripe does."""
    digits = number.replace(" ", "").replace("-", "")
    known = _BY_NUMBER.get(digits)
    if known is not None:
        return known
    if _is_card_number(digits):
        return Card(digits, "Unknown card", Outcome.DECLINED, brand="unknown", decline=NOT_A_TEST_CARD)
    return Card("0000", "Wrong number", Outcome.DECLINED, brand="unknown", decline=WRONG_NUMBER)


def _is_card_number(digits: str) -> bool:
    """Whether the check digit is right (ISO/IEC 7812, Luhn)."""
    if not (digits.isascii() and digits.isdigit() and 12 <= len(digits) <= 19):
        return False
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(number - 9 if number > 9 else number for number in doubled) % 10 == 0
