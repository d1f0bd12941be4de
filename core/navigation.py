"""The places of the console: a room registers its own in `AppConfig.ready`, `rbac` shows whoever may open them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet, Value

SECTIONS = ("Overview", "Sales", "Catalogue", "Customers", "Reports", "Operations", "Settings")


@dataclass(frozen=True)
class Place:
    """A console page that the sidebar offers: `permission` is the code that its view asks for, `icon` a sprite name."""

    section: str
    label: str
    url_name: str
    permission: str
    icon: str
    position: int = 100
    summary: str = ""
    waiting: Callable[[], QuerySet[Any]] | None = None

    @property
    def order(self) -> tuple[int, int, str]:
        """Sections in their fixed order, then position, then label."""
        return (SECTIONS.index(self.section), self.position, self.label)


_places: dict[str, Place] = {}


def register(
    section: str,
    label: str,
    url_name: str,
    permission: str,
    icon: str,
    *,
    position: int = 100,
    summary: str = "",
    waiting: Callable[[], QuerySet[Any]] | None = None,
) -> None:
    """Offer a console page in the sidebar and on the landing page to whoever holds `rbac.<permission>`.

    `summary` is one sentence saying what is done there; `waiting` returns the rows that wait there, quickly counted.
    Raises ValueError for a section that does not exist.
    """
    if section not in SECTIONS:
        raise ValueError(f"{section!r} is no section of the console; they are: {', '.join(SECTIONS)}")
    _places[url_name] = Place(section, label, url_name, permission, icon, position, summary, waiting)


def places() -> Iterable[Place]:
    """Return every registered place, in the order of the sidebar."""
    return sorted(_places.values(), key=lambda place: place.order)


def waiting_at(places: Iterable[Place]) -> dict[str, int]:
    """Return how much waits at each of these places, by the name of its address: one query, none if nothing can."""
    counts = [
        place.waiting().order_by().annotate(place=Value(place.url_name)).values("place").annotate(waiting=Count("pk"))
        for place in places
        if place.waiting
    ]
    if not counts:
        return {}
    first, *others = (one.values_list("place", "waiting") for one in counts)
    return dict(first.union(*others, all=True).order_by())
