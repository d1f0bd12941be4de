"""Static files joined and hashed by collectstatic, so that a page needs one stylesheet and one script.

The entries are valid by themselves: a development server that serves `css/shop.css` lets the browser follow
its imports, and gets the same cascade.
"""

import posixpath
import re
from collections.abc import Callable, Iterator

from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage

BUNDLES = ("css/shop.css", "css/console.css", "js/app.js")

CSS_IMPORT = re.compile(r'^@import url\("(?P<path>[^"]+)"\)(?: layer\((?P<layer>\w+)\))?;$', re.MULTILINE)
JS_IMPORT = re.compile(r'^import "(?P<path>\./[^"]+)";$', re.MULTILINE)
CSS_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
CSS_SPACE = re.compile(r"\s*([{};])\s*|\s+")


def join_css(name: str, read: Callable[[str], str]) -> str:
    """Return the stylesheet with its imports put in place, each inside its cascade layer.

    Raises ValueError for a part in another folder that has a `url()`, which would then point elsewhere.
    """

    def part(found: re.Match[str]) -> str:
        path = posixpath.join(posixpath.dirname(name), found["path"])
        text = read(path)
        if "url(" in text and posixpath.dirname(path) != posixpath.dirname(name):
            raise ValueError(f"{path} has a url(), which joining into {name} would break")
        return f"@layer {found['layer']} {{ {text} }}" if found["layer"] else text

    joined = CSS_COMMENT.sub("", CSS_IMPORT.sub(part, read(name)))
    return CSS_SPACE.sub(lambda found: found[1] or " ", joined).strip()


def join_js(name: str, read: Callable[[str], str]) -> str:
    """Return the script with its side-effect imports put in place, each in a block of its own.

    Raises ValueError for a part that imports or exports: parts stand alone.
    """

    def part(found: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(posixpath.dirname(name), found["path"]))
        text = read(path)
        if re.search(r"^(import|export)\b", text, re.MULTILINE):
            raise ValueError(f"{path} imports or exports; the parts of {name} stand alone")
        return f"{{\n{text}}}"

    return JS_IMPORT.sub(part, read(name))


class JoinedStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """WhiteNoise's compressed, hashed storage, with the entries in BUNDLES joined before they are hashed."""

    def post_process(self, paths: dict, *args, **kwargs) -> Iterator:
        if not kwargs.get("dry_run"):
            paths = {**paths, **self._joined(paths)}
        yield from super().post_process(paths, *args, **kwargs)

    def _joined(self, paths: dict) -> dict:
        def read(path: str) -> str:
            storage, stored = paths[path]
            with storage.open(stored) as file:
                return file.read().decode()

        joined = InMemoryStorage()
        for name in BUNDLES:
            if name in paths:
                join = join_css if name.endswith(".css") else join_js
                joined.save(name, ContentFile(join(name, read).encode()))
        return {name: (joined, name) for name in BUNDLES if name in paths}
