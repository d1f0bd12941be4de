"""`make contact-sheet`: every page in light and dark, on a phone and at a desk, on a few sheets in docs/contact-sheet/.

The pictures are taken by the walk of `tests/browser/test_pages.py`, so the sheets show what axe has looked at. With
a directory as argument the pictures in it are arranged, without a new walk.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "contact-sheet"
SHEETS = {
    ("light", 1280): "Light, 1280 pixels wide",
    ("dark", 1280): "Dark, 1280 pixels wide",
    ("light", 390): "Light, 390 pixels wide",
    ("dark", 390): "Dark, 390 pixels wide",
    ("print", 794): "The pages of figures on paper, A4",
}
COLUMNS = {1280: 6, 390: 10, 794: 6}
THUMB = {1280: (340, 400), 390: (204, 420), 794: (340, 480)}
GAP, CAPTION = 16, 22
PAPER = {"light": "#e9e4d9", "dark": "#050705", "print": "#e9e4d9"}
INK = {"light": "#1d2420", "dark": "#edefea", "print": "#1d2420"}
QUALITY = 72
README = """# Contact sheet

Every page of the shop and the console with the demonstration's catalogue, as Chromium draws it: whole pages, cut off at
the foot where they are long. `make contact-sheet` takes the pictures anew; the walk that takes them also holds every
page to axe-core, to the Content Security Policy and to a width of 320 pixels (`tests/browser/test_pages.py`).

"""


def walk(directory: Path) -> int:
    """Take a picture of every page in every theme and width; the exit code of the walk."""
    environment = os.environ | {"PURELAKA_SCREENSHOTS": str(directory)}
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--show-capture=no", "tests/browser/test_pages.py"]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


def thumbnail(path: Path, width: int) -> Image.Image:
    """The head of a page, scaled to a column."""
    wide, high = THUMB[width]
    with Image.open(path) as picture:
        shown = picture.crop((0, 0, picture.width, min(picture.height, picture.width * high // wide)))
        return shown.convert("RGB").resize((wide, shown.height * wide // shown.width), Image.Resampling.LANCZOS)


def compose(pictures: list[Path], theme: str, width: int) -> Image.Image:
    """Arrange the pages of one theme and width in rows, each under its name."""
    wide, high = THUMB[width]
    columns = COLUMNS[width]
    rows = -(-len(pictures) // columns)
    size = (columns * (wide + GAP) + GAP, rows * (high + CAPTION + GAP) + GAP)
    sheet = Image.new("RGB", size, PAPER[theme])
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(13)
    for place, path in enumerate(pictures):
        left = GAP + place % columns * (wide + GAP)
        top = GAP + place // columns * (high + CAPTION + GAP)
        pen.text((left, top), caption(path), fill=INK[theme], font=font)
        sheet.paste(thumbnail(path, width), (left, top + CAPTION))
    return sheet


def caption(path: Path) -> str:
    """`07-search-nothing-found.light-390.png` as `search nothing found`."""
    return path.name.partition(".")[0].partition("-")[2].replace("-", " ")


def make_sheets(directory: Path) -> None:
    """Write a sheet for each theme and width, and the page that shows them."""
    TARGET.mkdir(parents=True, exist_ok=True)
    text = README
    for (theme, width), title in SHEETS.items():
        pictures = sorted(directory.glob(f"*.{theme}-{width}.png"))
        if not pictures:
            raise SystemExit(f"No pictures of {theme} at {width} in {directory}: did the walk run?")
        name = f"{theme}-{width}.webp"
        compose(pictures, theme, width).save(TARGET / name, quality=QUALITY, method=6)
        text += f"## {title}\n\n![{title}: {len(pictures)} pages]({name})\n\n"
        print(f"{TARGET.relative_to(ROOT) / name}: {len(pictures)} pages, {(TARGET / name).stat().st_size // 1024} KiB")
    (TARGET / "README.md").write_text(text.rstrip() + "\n", encoding="utf-8")


def main() -> int:
    """Walk (unless pictures are given) and arrange."""
    if len(sys.argv) > 1:
        make_sheets(Path(sys.argv[1]))
        return 0
    with tempfile.TemporaryDirectory(prefix="purelaka-contact-sheet-") as directory:
        status = walk(Path(directory))
        make_sheets(Path(directory))
    return status


if __name__ == "__main__":
    sys.exit(main())
