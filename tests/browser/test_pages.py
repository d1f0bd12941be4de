"""Every page under axe: light and dark, on a phone and at a desk, and no sideways scrolling at 320 pixels."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import BrowserContext, Route
from playwright.sync_api import Page as Tab

from tests.browser.conftest import Watch
from tests.browser.pages import NO_PAGE, PAGES
from tests.browser.scene import Scene, make_scene
from tests.browser.visits import Page
from tests.test_access_matrix import ADDRESSES

AXE = (Path(__file__).parent / "axe.min.js").read_text(encoding="utf-8")
RULES = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
# Without `preload: false` axe writes style elements into the page, which the page's policy rightly blocks.
RUN = """async rules => (await axe.run(document, {
  runOnly: rules, resultTypes: ['violations'], iframes: false, preload: false,
})).violations.map(found => `${found.id}: ${found.nodes.map(node => node.target.join(' ')).slice(0, 3).join(' | ')}`)"""
LOAD_PICTURES = """async () => {
  const pictures = [...document.images];
  pictures.forEach(picture => { picture.loading = 'eager'; });
  await Promise.all(pictures.map(picture => picture.decode().catch(() => null)));
}"""
SETTLE = """async () => {
  const frame = () => new Promise(requestAnimationFrame);
  await document.fonts.ready;
  do {
    document.getAnimations().forEach(animation => animation.finish());
    await frame();
    await frame();
  } while (document.getAnimations().length);
}"""
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
WIDTHS = {390: 844, 1280: 800}
PAPER_WIDTH = 794  # A4
THEMES: dict[Literal["light", "dark"], dict] = {"light": RULES, "dark": COLOURS}
GROUPS = {  # each has a scene of its own; about as much work in each half of them
    "guests": ["guest"],
    "shoppers": ["bag", "customer", "newcomer"],
    "ops": ["ops"],
    "other staff": ["analyst", "admin"],
}
SCREENSHOTS = os.environ.get("PURELAKA_SCREENSHOTS", "")

pytestmark = pytest.mark.browser


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("group", GROUPS)
def test_every_page_is_accessible(group, shop, visitor, watch):
    scene, found = make_scene(shop), {}
    for role in GROUPS[group]:
        context = visitor().context
        context.add_cookies(scene.cookies(role))
        for page in (page for page in PAGES if page.role == role):
            if problems := look_at(page, context, scene, watch):
                found[page.name] = problems

    assert found == {}, json.dumps(found, indent=2)


def look_at(page: Page, context: BrowserContext, scene: Scene, watch: Watch) -> list[str]:
    """Open one page in a tab of its own and return what is wrong with it, in each theme and width.

    Every rule is asked in the light, on a phone and at a desk; in the dark those that depend on it.
    """
    tab = context.new_page()
    problems = open_page(page, tab, scene)
    tab.set_viewport_size({"width": 320, "height": 640})
    if (beyond := tab.evaluate(SIDEWAYS)) > 0:
        problems.append(f"scrolls sideways by {beyond} px at 320")
    tab.evaluate(AXE)
    for theme, rules in THEMES.items():
        tab.emulate_media(color_scheme=theme)
        for width, height in WIDTHS.items():
            tab.set_viewport_size({"width": width, "height": height})
            tab.evaluate(SETTLE)  # until then some elements wear the colours of before
            problems += [
                f"{theme} {width}: {broken}" for broken in tab.evaluate(RUN, rules) if not excused(page, broken)
            ]
            take_picture(page, tab, f"{theme}-{width}")
    if page.is_printed:
        tab.emulate_media(media="print", color_scheme="light")
        tab.set_viewport_size({"width": PAPER_WIDTH, "height": 1123})
        take_picture(page, tab, f"print-{PAPER_WIDTH}")
    tab.close()
    problems += watch.problems
    watch.problems.clear()
    return problems


def excused(page: Page, broken: str) -> bool:
    return broken.partition(":")[0] in page.excused


def open_page(page: Page, tab: Tab, scene: Scene) -> list[str]:
    """Go there, and say so if the answer is another than the registry names."""
    tab.set_viewport_size({"width": 1280, "height": 800})
    address = scene.url + page.address(scene)
    if page.answer:
        tab.context.route(address, tell(page.answer))
    response = tab.goto(address)
    assert response is not None
    if page.act:
        page.act(tab)
    if response.status != page.status:
        return [f"answered {response.status}"]
    return []


def tell(answer: Callable[[], Any]) -> Callable[[Route], None]:
    """Answer a request of the browser with a rendered page."""

    def fulfil(route: Route) -> None:
        response = answer()
        headers = {"Content-Type": response["Content-Type"], "X-Told": "1"}
        route.fulfill(status=response.status_code, body=response.content, headers=headers)

    return fulfil


def take_picture(page: Page, tab: Tab, kind: str) -> None:
    """Keep a screenshot for the contact sheet, if somebody asked for one."""
    if SCREENSHOTS:
        tab.evaluate(LOAD_PICTURES)
        tab.evaluate("document.querySelectorAll('.buy-bar').forEach(bar => { bar.style.position = 'static'; })")
        name = page.name.replace(", ", "-").replace(" ", "-")
        tab.screenshot(
            path=Path(SCREENSHOTS) / f"{PAGES.index(page):03}-{name}.{kind}.png", full_page=True, caret="initial"
        )


def test_every_role_is_looked_at():
    assert {role for roles in GROUPS.values() for role in roles} == {page.role for page in PAGES}


def test_the_list_names_every_address():
    listed = {page.route for page in PAGES if page.route}

    assert (listed | set(NO_PAGE)) - set(ADDRESSES) == set()
    assert set(ADDRESSES) - listed - set(NO_PAGE) == set()


def test_each_page_is_listed_once():
    names = [page.name for page in PAGES]

    assert sorted(set(names)) == sorted(names)


def test_axe_and_the_ruler_see_what_is_planted(visitor):
    tab = visitor()
    tab.set_viewport_size({"width": 320, "height": 640})
    tab.set_content(
        "<!doctype html><html lang='en'><title>Planted</title><main><h1>Planted</h1>"
        "<img src='data:,'><p style='width: 400px; color: #ccc; background: #fff'>Faint and wide</p></main>"
    )
    tab.evaluate(AXE)

    assert ids(tab.evaluate(RUN, RULES)) == {"image-alt", "color-contrast"}
    assert ids(tab.evaluate(RUN, COLOURS)) == {"color-contrast"}
    assert tab.evaluate(SIDEWAYS) > 0


def ids(found: list[str]) -> set[str]:
    return {broken.partition(":")[0] for broken in found}
