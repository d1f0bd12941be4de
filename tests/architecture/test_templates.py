"""Rules that hold for every template, stylesheet and script of the house."""

import re
from pathlib import Path

import pytest

from tests.architecture.files import ROOT, relative, tracked

TEMPLATES = tracked("templates/*.html")
PAGES = [path for path in TEMPLATES if not relative(path).startswith(("templates/mail/", "templates/base/mail."))]
MAIL_PAGES = {"templates/mail/list.html", "templates/mail/detail.html"}  # pages about mail, in the mail room
PAGES += [path for path in TEMPLATES if relative(path) in MAIL_PAGES]
STYLESHEETS = tracked("static/css/*.css")
ENTRIES = [ROOT / "static/css/shop.css", ROOT / "static/css/console.css"]
PARTS = tracked("static/js/modules/*.js")

INLINE = {
    "style element": re.compile(r"<style\b", re.IGNORECASE),
    "style attribute": re.compile(r"<[^>]*\sstyle\s*=", re.IGNORECASE),
    "event handler": re.compile(r"<[^>]*\son[a-z]+\s*=", re.IGNORECASE),
    "inline script": re.compile(r"<script\b(?![^>]*\bsrc=)", re.IGNORECASE),
    "javascript address": re.compile(r"javascript:", re.IGNORECASE),
    "htmx that needs eval": re.compile(r"hx-on\b|hx-vals=[\"']js:", re.IGNORECASE),
}


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def offenders(paths, pattern: re.Pattern[str]) -> list[str]:
    return [f"{relative(path)}: {found[0]}" for path in paths for found in [pattern.search(text(path))] if found]


@pytest.mark.parametrize("rule", INLINE)
def test_templates_hold_nothing_inline(rule):
    assert offenders(PAGES, INLINE[rule]) == []


@pytest.mark.parametrize(
    ("rule", "html"),
    [
        ("style element", "<style>a{}</style>"),
        ("style attribute", '<p class="a" style="top:0">'),
        ("event handler", '<a href="/" onclick="x()">'),
        ("inline script", "<script>x()</script>"),
        ("inline script", '<script type="module">x()</script>'),
        ("javascript address", '<a href="JavaScript:x()">'),
        ("htmx that needs eval", '<a hx-on:click="x()">'),
    ],
)
def test_the_rule_finds_what_it_is_for(rule, html):
    assert INLINE[rule].search(html)


def test_templates_escape_what_they_show():
    unescaped = re.compile(r"\|\s*safe\b|\|\s*safeseq\b|autoescape off")
    assert offenders(TEMPLATES, unescaped) == []


def test_forms_that_change_something_carry_their_token():
    form = re.compile(r"<form\b[^>]*method=\"post\"[^>]*>(.*?)</form>", re.DOTALL)
    bare = [
        relative(path)
        for path in PAGES
        for body in form.findall(text(path))
        if "csrf_token" not in body and 'formmethod="dialog"' not in body
    ]
    assert bare == []


def test_icons_that_templates_name_are_in_the_sprite():
    sprite = set(re.findall(r'<symbol id="([^"]+)"', text(ROOT / "static/icons.svg")))
    named = re.compile(r"{% icon \"([^\"]+)\"|\bicon=\"([^\"]+)\"|icon\|default:\"([^\"]+)\"")
    used = {name for path in PAGES for found in named.findall(text(path)) for name in found if name}
    assert used - sprite == set()


def test_classes_that_templates_use_have_a_rule():
    styled = {name for path in STYLESHEETS for name in re.findall(r"\.([a-z][\w-]*)", text(path))}
    used = {
        (relative(path), name)
        for path in PAGES
        for value in re.findall(r'class="([^"]*)"', text(path))
        for name in re.sub(r"{[{%].*?[%}]}", " ", value).split()
    }
    assert sorted(use for use in used if use[1] not in styled) == []


def test_every_stylesheet_is_part_of_an_entry():
    imported = {
        (entry.parent / name).resolve()
        for entry in ENTRIES
        for name in re.findall(r'@import url\("([^"]+)"\)', text(entry))
    }
    assert {relative(path) for path in STYLESHEETS} == {relative(path) for path in (*imported, *ENTRIES)}


def test_only_tokens_hold_raw_colours():
    raw = re.compile(r"#[0-9a-f]{3,8}\b|\b(?:rgb|hsl|oklch)a?\(", re.IGNORECASE)
    allowed = {ROOT / "static/css/tokens.css", ROOT / "static/css/print.css"}
    assert offenders([path for path in STYLESHEETS if path not in allowed], raw) == []


def test_stylesheets_need_neither_ids_nor_force():
    assert offenders(STYLESHEETS, re.compile(r"!important|^\s*#[a-z]", re.MULTILINE)) == []


def test_script_parts_stand_alone_and_stay_small():
    assert offenders(PARTS, re.compile(r"^(?:import|export)\b", re.MULTILINE)) == []
    assert [relative(path) for path in PARTS if len(text(path).splitlines()) >= 80] == []
    assert {f'import "./modules/{path.name}";' for path in PARTS} == {
        line for line in text(ROOT / "static/js/app.js").splitlines() if line.startswith("import")
    }


def test_scripts_of_ours_write_no_markup_and_run_no_text():
    risky = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|\.style\b")
    assert offenders(PARTS, risky) == []
