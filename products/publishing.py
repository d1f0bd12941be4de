"""Putting a product on sale and taking it off."""

from django.db import transaction

from accounts.models import User
from audit.recording import record, recording_refusal
from core.errors import DomainError, NotAllowedInState
from products.models import Product, Variant


def set_status(product_id: int, status: str, *, actor: User) -> Product:
    """Give a product a status; audited. Safe to repeat: the same status again changes and records nothing.

    Raises DomainError for an unknown status, NotAllowedInState for putting something on sale that has no variant on
    sale; that refusal is audited as well.
    """
    with recording_refusal("product.status", subject=Product(pk=product_id), actor=actor), transaction.atomic():
        if status not in Product.Status.values:
            raise DomainError("Choose one of the statuses in the list.")
        product = Product.objects.lock().get(pk=product_id)
        before = product.status
        if before == status:
            return product
        if status == Product.Status.ACTIVE and not Variant.objects.on_sale().filter(product=product).exists():
            raise NotAllowedInState(f"{product.name} has no variant on sale, so there is nothing to sell.")
        product.status = status
        product.save(update_fields=["status", "updated_at"])
        record("product.status", subject=product, actor=actor, changes={"status": [before, status]})
    return product
