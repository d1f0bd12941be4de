"""Photographs as the picture component takes them."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.core.files.storage import default_storage

from products.models import ProductImage


@dataclass(frozen=True, slots=True)
class Picture:
    """A photograph with its addresses; width and height in pixels, `lqip` a tiny placeholder as a data: address."""

    alt: str
    width: int
    height: int
    lqip: str
    avif_srcset: str
    webp_srcset: str
    fallback_url: str


def picture(image: ProductImage, *, alt: str | None = None) -> Picture:
    """Return the photograph for a template; `alt` replaces its own description where a link already names it."""
    widths = sorted(image.widths) or [image.width]
    return Picture(
        alt=image.alt if alt is None else alt,
        width=image.width,
        height=image.height,
        lqip=image.lqip,
        avif_srcset=_srcset(image.stem, widths, "avif"),
        webp_srcset=_srcset(image.stem, widths, "webp"),
        fallback_url=_url(image.stem, widths[-1], "webp"),
    )


def pictures_of(product_ids: Iterable[int]) -> dict[int, list[Picture]]:
    """Return the photographs of each product in their order, in one query."""
    found: dict[int, list[Picture]] = {}
    for image in ProductImage.objects.filter(product__in=list(product_ids)).order_by("position", "pk"):
        found.setdefault(image.product_id, []).append(picture(image))
    return found


def _url(stem: str, width: int, kind: str) -> str:
    return default_storage.url(f"{stem}-{width}.{kind}")


def _srcset(stem: str, widths: Iterable[int], kind: str) -> str:
    return ", ".join(f"{_url(stem, width, kind)} {width}w" for width in widths)
