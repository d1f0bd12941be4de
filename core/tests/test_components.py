"""What the components and tags write, as the reader of the page and their tools receive it."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.paginator import Paginator
from django.template import Context
from django.template.loader import get_template

from core.statuses import STATUS_WORDS
from core.tests.rendering import Elements, component, render
from core.theme_images import THEME_IMAGES, ThemeImage

IMAGE = ThemeImage("hero", 2000, 1125, (960, 2000), "data:image/webp;base64,AAAA", alt='A "jar" <b>')


def test_icon_is_decoration_unless_it_has_a_label():
    assert Elements(render('{% icon "heart" %}')).one("svg")["aria-hidden"] == "true"
    labelled = Elements(render('{% icon "x" label=label %}', label='Close "it"')).one("svg")
    assert (labelled["role"], labelled["aria-label"]) == ("img", 'Close "it"')


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [(5600, "GBP", "£56.00"), (500, "JPY", "¥500"), (None, "GBP", "–"), (0, "GBP", "£0.00")],
)
def test_money_is_written_as_people_read_it(minor, currency, text):
    assert render("{{ minor|money:currency }}", minor=minor, currency=currency) == text


def test_status_has_one_word_and_keeps_its_value_for_styles_and_tests():
    html = render('{% status_badge "order" "pending" %}')
    assert Elements(html).one("span") == {"class": "badge", "data-tone": "warn", "data-status": "pending"}
    assert "Payment pending" in html


def test_unknown_status_reads_as_itself_and_claims_nothing():
    html = render('{% status_badge "order" value %}', value="odd_<b>")
    assert Elements(html).one("span")["data-tone"] == "neutral"
    assert "Odd &lt;b&gt;" in html


def test_every_tone_is_one_that_the_badge_knows():
    tones = {word.tone for words in STATUS_WORDS.values() for word in words.values()}
    assert tones <= {"ok", "warn", "err", "info", "neutral"}


def make_card(**changes: Any) -> dict[str, Any]:
    card = {"url": "/p/", "name": "Serum", "price_minor": 6500, "currency": "GBP", "was_minor": None}
    return {**card, "image": IMAGE, **changes}


def test_product_card_escapes_markup_in_what_the_merchant_typed():
    html = component("card_product", card=make_card(name="<script>x</script>", summary="<img src=x>", badge="<i>"))
    assert "<script>" not in html
    assert "&lt;script&gt;x&lt;/script&gt;" in html
    assert "<img src=x>" not in html
    assert "<i>" not in html


def test_product_card_shows_the_old_price_only_when_it_was_higher():
    assert "£84.00" in component("card_product", card=make_card(was_minor=8400))
    assert "<s>" not in component("card_product", card=make_card(was_minor=6500))


@pytest.mark.parametrize(("wished", "pressed", "action"), [({7}, "true", "remove"), ({8}, "false", "add")])
def test_the_heart_of_a_card_says_whether_it_is_pressed_and_does_the_opposite(wished, pressed, action):
    card = make_card(product_id=7, name='A "b" <i>')
    html = component("card_product", card=card, wished=wished, back="/shop/?q=<b>", csrf_token="token")
    page = Elements(html)
    assert page.one("form")["action"] == f"/account/wishlist/{action}/"
    assert page.one("button")["aria-pressed"] == pressed
    assert {field["name"]: field["value"] for field in page.all("input")} == {
        "csrfmiddlewaretoken": "token",
        "product": "7",
        "next": "/shop/?q=<b>#product-7",
    }
    assert "Wishlist: A &quot;b&quot; &lt;i&gt;" in html


def test_a_card_without_a_token_has_no_heart():
    assert Elements(component("card_product", card=make_card(product_id=7), wished={7})).all("form") == []


def test_sold_out_card_says_so_instead_of_its_badge():
    html = component("card_product", card=make_card(sold_out=True, badge="New"))
    assert "Sold out" in html
    assert "New" not in html


def test_picture_stacks_a_placeholder_under_the_responsive_image():
    html = Elements(component("picture", image=IMAGE, sizes="50vw"))
    placeholder, image = html.all("img")
    assert (placeholder["class"], placeholder["alt"]) == ("lqip", "")
    assert html.one("source")["srcset"].count(".avif") == 2
    assert image["alt"] == 'A "jar" <b>'
    assert (image["width"], image["height"], image["sizes"]) == ("2000", "1125", "50vw")


def test_picture_is_lazy_unless_it_is_wanted_first():
    lazy = Elements(component("picture", image=IMAGE)).all("img")[1]
    eager = Elements(component("picture", image=IMAGE, eager=True)).all("img")[1]
    assert (lazy["loading"], "fetchpriority" in lazy) == ("lazy", False)
    assert (eager["fetchpriority"], "loading" in eager) == ("high", False)


def test_missing_picture_keeps_its_place():
    assert Elements(component("picture", image=None)).all("div")[0] == {"class": "picture", "data-empty": ""}


@pytest.mark.parametrize("name", THEME_IMAGES)
def test_theme_photograph_is_committed_in_every_size(name, settings):
    image = THEME_IMAGES[name]
    folder = settings.BASE_DIR / "static/img"
    wanted = {f"{name}-{width}.{kind}" for width in image.widths for kind in ("avif", "webp")}
    assert {file for file in wanted if not (folder / file).exists()} == set()


def test_pagination_keeps_the_rest_of_the_address():
    page = Paginator(range(100), 10).page(3)
    html = Elements(component("pagination", "/shop/?q=a+b&page=3", page=page))
    links = {attrs["rel"]: attrs["href"] for attrs in html.all("a") if "rel" in attrs}
    assert links == {"prev": "?q=a+b&page=2", "next": "?q=a+b&page=4"}
    assert [attrs for attrs in html.all("span") if "aria-current" in attrs] == [{"aria-current": "page"}]


@pytest.mark.parametrize(("number", "missing"), [(1, "prev"), (10, "next")])
def test_pagination_leads_nowhere_past_the_ends(number, missing):
    page = Paginator(range(100), 10).page(number)
    assert missing not in [attrs.get("rel") for attrs in Elements(component("pagination", page=page)).all("a")]


def test_one_page_needs_no_pagination():
    assert component("pagination", page=Paginator(range(3), 10).page(1)).strip() == ""


def test_breadcrumb_ends_with_the_page_itself():
    html = Elements(component("breadcrumb", crumbs=[{"name": "Home", "url": "/"}, {"name": "<Serums>", "url": ""}]))
    assert [attrs["href"] for attrs in html.all("a")] == ["/"]
    assert html.one("span") == {"aria-current": "page"}


def test_quantity_is_held_between_its_limits():
    html = Elements(component("quantity", name="quantity", value=2, max=5))
    control = html.one("input")
    assert (control["min"], control["max"], control["value"]) == ("1", "5", "2")
    assert html.one("label")["for"] == control["id"]
    assert Elements(component("quantity", name="q", value=0, min=0)).one("input")["min"] == "0"


def make_option(value: str, **changes: Any) -> dict[str, Any]:
    return {"value": value, "label": value, "price_minor": 6500, "currency": "GBP", **changes}


def test_sold_out_choice_stays_visible_but_cannot_be_chosen():
    options = [make_option("30 ml", checked=True), make_option("50 ml", disabled=True, stock="Sold out")]
    html = component("radio_cards", legend="Size", name="variant", options=options)
    first, second = Elements(html).all("input")
    assert "Sold out" in html
    assert ("disabled" in first, "disabled" in second) == (False, True)
    assert first["data-price"] == "£65.00"


def test_radio_cards_carry_their_error():
    html = Elements(component("radio_cards", legend="Size", name="variant", options=[], error="Choose a size."))
    assert html.one("fieldset")["aria-describedby"] == html.all("p")[0]["id"] == "id_variant_error"


def test_order_summary_lists_lines_and_totals():
    html = component(
        "order_summary",
        lines=[{"name": "<b>Serum", "quantity": 2, "total_minor": 13000}],
        totals=[{"label": "Delivery", "text": "Free"}, {"label": "Total", "amount_minor": 13000, "strong": True}],
        currency="GBP",
    )
    assert "&lt;b&gt;Serum" in html
    assert "Quantity 2" in html
    assert html.count("£130.00") == 2
    assert "Free" in html


def test_timeline_gives_machines_the_time_too():
    events = [{"at": datetime(2026, 1, 2, 9, 41, tzinfo=UTC), "text": "Paid", "by": "Stripe"}]
    html = component("timeline", events=events)
    assert Elements(html).one("time")["datetime"] == "2026-01-02T09:41:00+00:00"
    assert "2 Jan 2026, 09:41" in html


def test_data_table_names_its_rows_and_says_how_it_is_sorted():
    columns = [{"label": "Order", "sort": "-number", "sorted": "desc"}, {"label": "Total", "numeric": True}]
    rows = [{"cells": [{"text": "PL-1", "url": "/o/"}, {"money_minor": 100, "currency": "GBP"}]}]
    html = Elements(component("data_table", "/?page=4&q=x", caption="Orders", columns=columns, rows=rows))
    assert [attrs.get("aria-sort") for attrs in html.all("th")] == ["descending", None, None]
    assert html.all("th")[2]["scope"] == "row"
    assert html.all("a")[0]["href"] == "?q=x&sort=-number"
    assert html.one("td")["class"] == "num"


def test_empty_data_table_says_what_will_appear():
    html = component("data_table", caption="Orders", columns=[], rows=[], empty_title="No orders yet")
    assert "No orders yet" in html
    assert "<table" not in html


@pytest.mark.parametrize(("available", "shown"), [(0, False), (1, True), (5, True), (6, False)])
def test_stock_meter_shows_only_what_is_low(available, shown):
    assert ("<meter" in component("stock_meter", available=available)) is shown


def test_toast_posts_its_undo_with_the_token():
    undo = {"undo_url": "/undo/", "fields": [{"name": "a", "value": "<"}]}
    html = component("toast", text="Removed.", csrf_token="t0ken", **undo)
    fields = {attrs["name"]: attrs["value"] for attrs in Elements(html).all("input")}
    assert fields == {"csrfmiddlewaretoken": "t0ken", "a": "<"}


def test_structured_data_cannot_end_its_element():
    data = {"name": "</script><script>alert('x')</script> & co"}
    html = render("{% json_ld data %}", data=data)
    assert html.count("</script>") == 1
    text = html.removeprefix('<script type="application/ld+json">').removesuffix("</script>")
    assert json.loads(text) == data


def test_appearance_marks_the_choice_in_force():
    html = Elements(component("appearance", ui={"theme": "dark"}, next="/shop/?q=<", csrf_token="t"))
    pressed = {attrs["value"]: attrs["aria-pressed"] for attrs in html.all("button")}
    assert pressed == {"system": "false", "light": "false", "dark": "true"}
    assert {attrs["name"]: attrs["value"] for attrs in html.all("input")}["next"] == "/shop/?q=<"


def test_page_of_a_crash_needs_no_context():
    html = get_template("500.html").template.render(Context())
    assert "<h1>Something went wrong on our side</h1>" in html
    assert "<form" not in html


@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "500"])
def test_error_page_names_the_request_when_it_is_known(name):
    assert "req-7" in get_template(f"{name}.html").template.render(Context({"request_id": "req-7"}))
    assert "reference" not in get_template(f"{name}.html").template.render(Context())
