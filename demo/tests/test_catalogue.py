"""The catalogue's promises: what is there, that it is true of the pack, and that no copy repeats."""

import itertools
import re

import pytest
from PIL import Image

from demo.catalogue import CONCERNS, load_categories, load_products

PRODUCTS = load_products()
VARIANTS = [variant for product in PRODUCTS for variant in product.variants]
PERFUME = re.compile(r"Parfum|Peel Oil|Flower Oil|Bark Oil|Limonene|Linalool|Geraniol|Citronellol")
MEDICAL = re.compile(
    r"\b(cures?|heals?|treats?|eczema|psoriasis|rosacea|acne|clinically|dermatolog|anti-?ageing)\b",
    re.IGNORECASE,
)


def test_there_are_24_products_in_6_categories():
    assert [len(category.products) for category in load_categories()] == [4, 2, 5, 6, 4, 3]
    assert [category.position for category in load_categories()] == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    "field",
    [
        "slug",
        "name",
        "summary",
        "what_it_is",
        "for_whom",
        "ingredients",
        "how_to_use",
        "seo_title",
        "seo_description",
    ],
)
def test_no_two_products_share_their_copy(field):
    texts = [getattr(product, field) for product in PRODUCTS]
    assert all(text.strip() == text != "" for text in texts)
    assert len(set(texts)) == len(texts)


def test_no_sentence_is_used_twice():
    sentences = [
        sentence
        for product in PRODUCTS
        for text in (product.what_it_is, product.for_whom, product.how_to_use)
        for sentence in re.split(r"(?<=[.!?]) ", text)
    ]
    assert [s for s in sentences if sentences.count(s) > 1] == []


def test_skus_and_slugs_are_well_formed_and_unique():
    skus = [variant.sku for variant in VARIANTS]
    assert len(set(skus)) == len(skus)
    assert [sku for sku in skus if not re.fullmatch(r"PL-[A-Z]{3}-[A-Z0-9]{1,4}", sku)] == []
    assert [p.slug for p in PRODUCTS if not re.fullmatch(r"[a-z]+(-[a-z]+)*", p.slug)] == []


def test_at_least_ten_products_have_a_choice_of_variants():
    assert sum(len(product.variants) > 1 for product in PRODUCTS) >= 10


def test_the_variants_of_a_product_differ_in_one_and_the_same_option():
    for product in PRODUCTS:
        if len(product.variants) > 1:
            (option,) = {tuple(variant.options) for variant in product.variants}
            values = [variant.options[option[0]] for variant in product.variants]
            assert len(option) == 1
            assert [variant.name for variant in product.variants] == values
            assert len(set(values)) == len(values)


def test_every_variant_earns_its_keep():
    for variant in VARIANTS:
        assert 0 < variant.cost_minor < variant.price_minor * 5 / 6  # a margin is left when the VAT is taken out
        assert variant.compare_at_minor is None or variant.compare_at_minor > variant.price_minor
        assert variant.weight_g > 0
        assert variant.opening_stock > 0
        assert variant.popularity > 0
        assert variant.tax_class == "standard"


def test_a_larger_size_costs_less_for_each_unit_of_it():
    for product in PRODUCTS:
        sizes = [(int(v.options.get("Size", "0").split()[0]), v.price_minor) for v in product.variants]
        for (small, cheap), (large, dear) in itertools.combinations(sorted(sizes), 2):
            if small:
                assert dear / large < cheap / small


def test_a_few_variants_are_low_and_two_sold_out():
    ends = sorted(variant.ends_at for variant in VARIANTS if variant.ends_at is not None)
    assert ends == [0, 0, 2, 3, 4, 5]


def test_the_set_is_cheaper_than_its_parts():
    price = {variant.sku: variant.price_minor for variant in VARIANTS}
    (starter,) = (v for v in VARIANTS if v.sku == "PL-SET-STR")
    regular = price["PL-FCL-150"] + price["PL-VTC-30"] + price["PL-NRC-50"]
    assert starter.price_minor < regular
    assert starter.compare_at_minor == regular


def test_copy_that_says_unscented_is_true_of_the_ingredients():
    promises = re.compile(r"fragrance-free|no fragrance|no perfume|nothing in it is perfumed", re.IGNORECASE)
    for product in PRODUCTS:
        text = f"{product.summary} {product.what_it_is} {product.for_whom} {product.seo_description}"
        if promises.search(text) and "for a fragrance-free option" not in text:
            assert PERFUME.search(product.ingredients) is None, product.slug


def test_no_copy_makes_a_medical_claim():
    for product in PRODUCTS:
        for _, text in product.sections:
            assert MEDICAL.search(text) is None, product.slug


def test_each_concern_has_products_and_no_other_is_named():
    assert {concern for product in PRODUCTS for concern in product.concerns} == set(CONCERNS)
    assert all(sum(concern in p.concerns for p in PRODUCTS) >= 6 for concern in CONCERNS)


def test_seo_texts_fit_a_result_page():
    for product in PRODUCTS:
        assert 20 <= len(product.seo_title) <= 60, product.slug
        assert 70 <= len(product.seo_description) <= 160, product.slug


def test_every_photograph_has_its_files_in_the_size_it_states():
    photos = [photo for product in PRODUCTS for photo in product.images]
    assert len({photo.alt for photo in photos}) == len(photos) == 48
    for photo in photos:
        assert photo.lqip.startswith("data:image/webp;base64,")
        assert photo.widths == (480, 960)
        for width in photo.widths:
            for extension in ("avif", "webp"):
                with Image.open(photo.file(width, extension)) as image:
                    assert image.size == (width, width * photo.height // photo.width)
                    assert image.format == extension.upper()


def test_alternative_text_names_the_product():
    for product in PRODUCTS:
        for photo in product.images:
            assert product.name in photo.alt
            assert 60 <= len(photo.alt) <= 170, photo.alt
