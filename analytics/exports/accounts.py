"""The chart of accounts that the journal is written in, and what an entry of the sales ledger comes to in each.

Small on purpose: it holds what a sale and a refund move, and an accountant maps it onto the chart of the business. What
Stripe keeps and pays out is not in it; that is booked from the balance transactions, out of the clearing account.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Account:
    """An account. `amount` is SQL over an entry `s`, in minor units: above zero it is a debit, below zero a credit.

    `tender` limits it to orders that were paid in that way; the amounts of an entry come to zero over its accounts.
    """

    code: str
    name: str
    meaning: str
    amount: str
    tender: str = ""


RECEIVED = "s.gross_minor - s.discount_minor - s.returns_minor + s.shipping_minor + s.tax_minor"

ACCOUNTS = (
    Account(
        "1100",
        "Stripe clearing",
        "what buyers have paid through Stripe, less what went back to them; Stripe's fees and payouts leave it",
        RECEIVED,
        tender="stripe",
    ),
    Account(
        "1190",
        "Receipts taken elsewhere",
        "the same for orders whose money this shop did not take: those that were imported",
        RECEIVED,
        tender="elsewhere",
    ),
    Account("2200", "VAT", "tax charged, less tax of what was given back: owed to the tax office", "-s.tax_minor"),
    Account("4000", "Sales", "goods at their list price, ex tax", "-s.gross_minor"),
    Account("4010", "Discounts", "what was taken off the list price, ex tax", "s.discount_minor"),
    Account("4020", "Returns", "goods paid back, ex tax, less refunds that failed afterwards", "s.returns_minor"),
    Account("4100", "Delivery", "delivery charged, less delivery paid back, ex tax", "-s.shipping_minor"),
)
