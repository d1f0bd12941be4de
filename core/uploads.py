"""Uploaded images as files that may be served: which types, from where, and for how long they are kept."""

import re
from pathlib import Path

from django.conf import settings
from django.core.exceptions import SuspiciousFileOperation
from django.utils._os import safe_join

IMAGE_TYPES = {
    ".avif": "image/avif",
    ".gif": "image/gif",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
}
CONTENT_HASH = re.compile(r"(?:^|[-_.])[0-9a-f]{12,64}(?:[-_.]|$)")
A_YEAR = "public, max-age=31536000, immutable"
AN_HOUR = "public, max-age=3600"


def image_file(name: str) -> Path | None:
    """Return the file of an uploaded image; None for what is missing, no image, or outside `MEDIA_ROOT`."""
    if Path(name).suffix.lower() not in IMAGE_TYPES:
        return None
    try:
        path = Path(safe_join(settings.MEDIA_ROOT, name)).resolve()
        inside = path.is_relative_to(Path(settings.MEDIA_ROOT).resolve())
        return path if inside and path.is_file() else None
    except (SuspiciousFileOperation, ValueError, OSError):
        return None


def content_type(path: Path) -> str:
    """Return the media type of an image file by its suffix."""
    return IMAGE_TYPES[path.suffix.lower()]


def cache_control(path: Path) -> str:
    """Return how long a file may be kept: for good if its name holds a hash of its content, else an hour."""
    return A_YEAR if CONTENT_HASH.search(path.stem) else AN_HOUR
