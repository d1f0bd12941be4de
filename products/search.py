"""Finding products by words, alike on both databases: plain text prepared on writing, `LIKE` per word on reading.

No index serves it: among 5,000 products the words cost a few milliseconds, the counts beside the shelf ten times that.

`search_text` and `search_name` of a product are kept by `index_products`, and by nothing else: whoever writes
products, variants or categories calls it in the same transaction.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence

from django.db.models import Case, IntegerField, Q, Value, When

from products.models import Product, Variant
from products.models.catalogue import ProductQuerySet

MAX_WORDS = 8
BATCH = 500
SEARCH_NAME_LENGTH = 400
NOT_A_WORD = re.compile(r"[\W_]+")


def normalise(text: str) -> str:
    """Return the text as it is searched: case folded, without accents, words parted by single spaces."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(character for character in decomposed if not unicodedata.combining(character))
    return NOT_A_WORD.sub(" ", bare).strip()


def words_of(query: str) -> tuple[str, ...]:
    """Return the words to look for, at most eight; a plural also finds its singular ("creams" looks for "cream")."""
    words = normalise(query).split()[:MAX_WORDS]
    return tuple(word.removesuffix("s") if len(word) > 3 else word for word in words)


def matching(products: ProductQuerySet, words: Sequence[str]) -> ProductQuerySet:
    """Keep the products that hold every word, and annotate `relevance`: 0 all in the name, 1 some, 2 none."""
    for word in words:
        products = products.filter(search_text__contains=word)
    in_name = [Q(search_name__contains=word) for word in words] or [Q(pk__isnull=False)]
    every = Q(*in_name)
    return products.annotate(
        relevance=Case(
            When(every, then=Value(0)),
            When(any_of(in_name), then=Value(1)),
            default=Value(2),
            output_field=IntegerField(),
        )
    )


def index_products(product_ids: Iterable[int]) -> None:
    """Bring the searched text of these products up to date. Safe to repeat."""
    ids = sorted(set(product_ids))
    for start in range(0, len(ids), BATCH):
        products = (
            Product.objects.filter(pk__in=ids[start : start + BATCH])
            .select_related("category__parent")
            .prefetch_related("variants")
        )
        changed = []
        for product in products:
            product.search_name = normalise(product.name)[:SEARCH_NAME_LENGTH]
            product.search_text = normalise(" ".join(_texts(product, product.variants.all())))
            changed.append(product)
        Product.objects.bulk_update(changed, ["search_name", "search_text"])


def _texts(product: Product, variants: Iterable[Variant]) -> Iterable[str]:
    yield product.name
    yield product.summary
    if product.category is not None:
        yield product.category.name
        if product.category.parent is not None:
            yield product.category.parent.name
    labels = {concern.value: str(concern.label) for concern in Product.Concern}
    yield from (labels.get(concern, concern) for concern in product.concerns)
    for variant in variants:
        yield variant.label
        yield variant.sku


def holds(concern: str) -> Q:
    """Return the condition that a product, annotated by `with_concern_text()`, answers a concern."""
    # SQLite cannot ask whether a JSON list contains a value; the quotes keep one value from matching inside another.
    return Q(concern_text__contains=f'"{concern}"')


def any_of(conditions: Iterable[Q]) -> Q:
    """Return the conditions joined by or; none of them is the empty condition."""
    found = Q()
    for condition in conditions:
        found |= condition
    return found
