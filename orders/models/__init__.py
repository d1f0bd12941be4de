"""The tables of bags, orders, their terms, what was sent and sent back, and the sales ledger."""

from orders.models.bag import MAX_QUANTITY, Cart, CartLine, DiscountRedemption
from orders.models.fulfilment import Fulfilment, FulfilmentLine
from orders.models.ledger import Invoice, SalesEntry
from orders.models.order import Order, OrderAddress, OrderEvent, OrderLine, OrderNote
from orders.models.returns import Return, ReturnLine
from orders.models.terms import DiscountCode, ShippingMethod, TaxRate

__all__ = [
    "MAX_QUANTITY",
    "Cart",
    "CartLine",
    "DiscountCode",
    "DiscountRedemption",
    "Fulfilment",
    "FulfilmentLine",
    "Invoice",
    "Order",
    "OrderAddress",
    "OrderEvent",
    "OrderLine",
    "OrderNote",
    "Return",
    "ReturnLine",
    "SalesEntry",
    "ShippingMethod",
    "TaxRate",
]
