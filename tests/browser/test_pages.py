"""Every page under axe: light and dark, on a phone and at a desk, and no sideways scrolling at 320 pixels."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page as Tab
from playwright.sync_api import Route

from tests.browser.conftest import Watch
from tests.browser.pages import NO_PAGE, PAGES, ROLES, Page
from tests.browser.scene import Scene, make_scene
from tests.test_access_matrix import ADDRESSES

AXE = (Path(__file__).parent / "axe.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN = """async rules => (await axe.run(document, {
  runOnly: rules, resultTypes: ['violations'], iframes: false,
})).violations.map(found => `${found.id}: ${found.nodes.map(node => node.target.join(' ')).slice(0, 3).join(' | ')}`)"""
LOAD_PICTURES = """async () => {
  const pictures = [...document.images];
  pictures.forEach(picture => { picture.loading = 'eager'; });
  await Promise.all(pictures.map(picture => picture.decode().catch(() => null)));
  await document.fonts.ready;
}"""
SETTLE = """async () => {
  const frame = () => new Promise(requestAnimationFrame);
  do {
    document.getAnimations().forEach(animation => animation.finish());
    await frame();
    await frame();
  } while (document.getAnimations().length);
}"""
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
WIDTHS = {390: 844, 1280: 800}
SCREENSHOTS = os.environ.get("PURELAKA_SCREENSHOTS", "")

pytestmark = pytest.mark.browser


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("role", ROLES)
def test_every_page_of_a_role_is_accessible(role, shop, visitor, watch):
    scene = make_scene(shop)
    tab = visitor()
    tab.context.add_cookies(scene.cookies(role))

    found = {
        page.name: problems for page in PAGES if page.role == role and (problems := look_at(page, tab, scene, watch))
    }

    assert found == {}, json.dumps(found, indent=2)


def look_at(page: Page, tab: Tab, scene: Scene, watch: Watch) -> list[str]:
    """Open one page and return what is wrong with it, in each theme and width."""
    problems = open_page(page, tab, scene)
    tab.set_viewport_size({"width": 320, "height": 640})
    if (beyond := tab.evaluate(SIDEWAYS)) > 0:
        problems.append(f"scrolls sideways by {beyond} px at 320")
    problems += watch.problems
    watch.problems.clear()
    watch.no_longer.add(tab)  # the policy blocks what the tools write into the page: style elements
    tab.evaluate(AXE)
    for width, height in WIDTHS.items():
        tab.set_viewport_size({"width": width, "height": height})
        for theme in ("light", "dark"):
            tab.emulate_media(color_scheme=theme)
            tab.evaluate(SETTLE)  # until then some elements wear the colours of before
            problems += [f"{theme} {width}: {broken}" for broken in broken_rules(tab) if not excused(page, broken)]
            take_picture(page, tab, f"{theme}-{width}")
    return problems


def broken_rules(tab: Tab) -> list[str]:
    return tab.evaluate(RUN, RULES)


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
        tab.screenshot(path=Path(SCREENSHOTS) / f"{PAGES.index(page):02}-{name}.{kind}.png", full_page=True)


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

    assert {broken.partition(":")[0] for broken in broken_rules(tab)} == {"image-alt", "color-contrast"}
    assert tab.evaluate(SIDEWAYS) > 0
