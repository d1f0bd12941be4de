"""Writing a file in the format that was asked for, and what is called what."""

import zlib
from collections.abc import Callable, Iterable, Iterator

from analytics.exports.exporting import Asked, csv_pieces
from analytics.exports.parquet import write_parquet
from analytics.exports.store import Target
from analytics.models import FileFormat

GZIP = 16 + zlib.MAX_WBITS  # the header that zlib writes holds no time, so the same rows give the same bytes
CONTENT_TYPES = {
    FileFormat.CSV: "text/csv; charset=utf-8",
    FileFormat.GZIP: "application/gzip",
    FileFormat.PARQUET: "application/vnd.apache.parquet",
}


def file_name(asked: Asked, file_format: str) -> str:
    """Return what a file is called by whoever downloads it."""
    window = asked.window
    stem = f"{asked.dataset.name}_{window.start}_{window.end}_{asked.currency}"
    return f"{stem}.{suffix(asked, file_format)}"


def suffix(asked: Asked, file_format: str) -> str:
    """Return how the name of a file ends; Parquet by month is an archive of files."""
    return "parquet.zip" if file_format == FileFormat.PARQUET and asked.dataset.by_month else str(file_format)


def content_type(asked: Asked, file_format: str) -> str:
    """Return the media type of a file."""
    if suffix(asked, file_format).endswith(".zip"):
        return "application/zip"
    return CONTENT_TYPES[FileFormat(file_format)]


def write_file(asked: Asked, file_format: str, target: Target, told: Callable[[int], None]) -> int:
    """Write a file and return its rows; `told` hears after each part how many there are so far."""
    if file_format == FileFormat.PARQUET:
        return write_parquet(asked, target, told)
    rows = 0

    def contents() -> Iterator[bytes]:
        nonlocal rows
        for piece in csv_pieces(asked):
            rows += piece.rows
            told(rows)
            yield piece.content

    for content in compressed(contents()) if file_format == FileFormat.GZIP else contents():
        target.write(content)
    return rows


def compressed(contents: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the bytes of a gzip file; nothing in it says when it was made."""
    packer = zlib.compressobj(level=6, wbits=GZIP)
    for content in contents:
        if packed := packer.compress(content):
            yield packed
    yield packer.flush()
