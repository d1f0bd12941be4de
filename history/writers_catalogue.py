"""Customers, products and stock of a history."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.utils.text import slugify

from accounts.models import Customer, canonical_email
from history.fields import BadLine
from history.records import CustomerRecord, Line, OrderRecord, ProductRecord, StockRecord
from history.refs import Goods, World, goods_of
from history.shelf import digest_of
from products.models import Category, Product, StockItem, Variant
from products.search import index_products


def prepare_products(world: World, lines: Sequence[Line]) -> None:
    """Make the variants of product lines whose SKU is new, and begin to count stock where a line says how much."""
    records = {line.ref: (line, line.record) for line in lines if isinstance(line.record, ProductRecord)}
    new = [(line, record) for sku, (line, record) in records.items() if sku not in world.goods]
    world.coming = {goods.sku: goods for goods in _make_variants(new)}
    world.shelf.lock(world.variant_ids())
    counts = {}
    for sku, (_, record) in records.items():
        goods = world.coming.get(sku) or world.goods[sku]
        if record.stock is not None and goods.variant_id not in world.shelf.items:
            counts[goods.variant_id] = record.stock
    world.shelf.open(counts, at=_earliest(lines, world.now))


def add_customer(world: World, record: CustomerRecord) -> Customer:
    """Know a buyer by a reference; a name is filled in where there is none and nobody signs in."""
    customer = world.buyers[canonical_email(record.email)]
    if record.name and not customer.name and customer.user_id is None:
        customer.name = record.name
        Customer.objects.filter(pk=customer.pk, name="", user=None).update(name=record.name)
    world.customers[record.ref] = customer
    return customer


def add_product(world: World, record: ProductRecord) -> Variant:
    """Know a variant by its SKU from this line on."""
    goods = world.coming.get(record.ref) or world.goods[record.ref]
    world.goods[record.ref] = goods
    return Variant(pk=goods.variant_id)


def add_stock(world: World, line: Line, record: StockRecord) -> StockItem | None:
    """Book what came or went other than by sale."""
    goods = known_goods(world, record.product, "product")
    digest = digest_of(world.source, line.digest)
    world.shelf.change(goods.variant_id, record.delta, digest=digest, at=record.at, reason=record.reason)
    return world.shelf.items.get(goods.variant_id)


def known_goods(world: World, sku: str, field: str) -> Goods:
    """Return a variant by SKU. Raises BadLine for one that no line before has named and no shelf holds."""
    goods = world.goods.get(sku)
    if goods is None:
        raise BadLine(field, f"there is no product {sku}")
    return goods


def _make_variants(new: Sequence[tuple[Line, ProductRecord]]) -> list[Goods]:
    """Make a product of one variant for each line, as a draft: it was sold elsewhere, staff decide whether here."""
    if not new:
        return []
    shelves = {name: _category(name) for name in {record.category for _, record in new if record.category}}
    products = Product.objects.bulk_create(
        Product(
            category=shelves.get(record.category),
            name=record.name,
            slug=f"{slugify(record.name)[:80]}-{line.digest[:12]}".lstrip("-"),
            status=Product.Status.DRAFT,
        )
        for line, record in new
    )
    variants = Variant.objects.bulk_create(
        Variant(
            product=product,
            sku=record.ref,
            currency=record.currency or settings.STORE_CURRENCY,
            price_minor=record.price or 0,
            cost_minor=record.cost,
        )
        for product, (_, record) in zip(products, new, strict=True)
    )
    index_products(product.pk for product in products)
    return [goods_of(variant) for variant in variants]


def _category(name: str) -> Category:
    there = Category.objects.filter(name=name).first()
    slug = slugify(name)[:80] or "imported"
    return there or Category.objects.get_or_create(slug=slug, defaults={"name": name})[0]


def _earliest(lines: Sequence[Line], now: datetime) -> datetime:
    """Return the earliest time in a batch: the opening counts in it are dated before what it moves."""
    times = [now]
    for line in lines:
        record = line.record
        if isinstance(record, OrderRecord):
            times.append(record.placed_at)
        elif isinstance(record, StockRecord):
            times.append(record.at)
    return min(times)
