"""The photographs that belong to the theme rather than to the catalogue, committed under `static/img/`."""

from dataclasses import dataclass

from django.templatetags.static import static


@dataclass(frozen=True)
class ThemeImage:
    """What `components/picture.html` needs; sizes in pixels."""

    name: str
    width: int
    height: int
    widths: tuple[int, ...]
    lqip: str
    alt: str = ""

    def _srcset(self, kind: str) -> str:
        return ", ".join(f"{static(f'img/{self.name}-{width}.{kind}')} {width}w" for width in self.widths)

    @property
    def avif_srcset(self) -> str:
        return self._srcset("avif")

    @property
    def webp_srcset(self) -> str:
        return self._srcset("webp")

    @property
    def fallback_url(self) -> str:
        return static(f"img/{self.name}-{self.widths[-1]}.webp")


THEME_IMAGES = {
    image.name: image
    for image in (
        ThemeImage(
            "hero",
            2000,
            1125,
            (960, 2000),
            "data:image/webp;base64,UklGRkIAAABXRUJQVlA4IDYAAACQAQCdASoQAAkABABoJYwAAtpqXAAA/uc4jGikx"
            "AvajKyCoK+ah94Pj2TRIMUHu9R00OuyAAA=",
        ),
        ThemeImage(
            "concern-sensitive",
            1200,
            1200,
            (480, 1200),
            "data:image/webp;base64,UklGRjwAAABXRUJQVlA4IDAAAABwAQCdASoQABAABABoJZQCdAFAAAD+7Ppt76CON"
            "tbkVSE8YoFAWLioxAf6cH62AAA=",
        ),
        ThemeImage(
            "concern-dry",
            1200,
            1200,
            (480, 1200),
            "data:image/webp;base64,UklGRjoAAABXRUJQVlA4IC4AAADwAQCdASoQABAABABoJYwCdAEO+n8nykAA/t5+i"
            "NBWPJG5I7WXaoO9K3oxuAAA",
        ),
        ThemeImage(
            "concern-barrier",
            1200,
            1200,
            (480, 1200),
            "data:image/webp;base64,UklGRj4AAABXRUJQVlA4IDIAAADwAQCdASoQABAABABoJZQAAudR2bkeyEAA/t5+i"
            "nvtD/rhYCcSCwMiLUT7QKNGnXZAAA==",
        ),
    )
}
