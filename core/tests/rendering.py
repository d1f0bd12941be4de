"""Templates rendered as a page would, and the elements found in what they write."""

from html.parser import HTMLParser
from typing import Any

from django.template import RequestContext, Template
from django.test import RequestFactory


class Elements(HTMLParser):
    """The elements of a piece of HTML, in order, each with its attributes and the text directly after it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {key: value or "" for key, value in attrs}))

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attrs for name, attrs in self.found if name == tag]

    def one(self, tag: str) -> dict[str, str]:
        (attrs,) = self.all(tag)
        return attrs


def render(source: str, path: str = "/", **context: Any) -> str:
    given = RequestContext(RequestFactory().get(path))
    given.push(context)
    return Template("{% load ui %}" + source).render(given)


def component(file: str, path: str = "/", /, **context: Any) -> str:
    given = " ".join(f"{key}={key}" for key in context)
    return render(f'{{% include "components/{file}.html" with {given} only %}}', path, **context)
