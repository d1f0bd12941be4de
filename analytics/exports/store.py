"""Where files of exports lie: privately, apart from uploaded images, on disk or wherever `STORAGES` says.

A file is written under `EXPORTS_ROOT/partial` and moved to its name when it is complete, so nobody ever reads half.
"""

import hashlib
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import Storage, storages

PARTIAL = "partial"


class Target(Protocol):
    """What a file is written to."""

    def write(self, content: bytes, /) -> object:
        """Append some bytes. Raises OSError if there is no room for them."""


class MeasuredFile:
    """A file that is being written: how long it is by now, and the digest of what stands in it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._digest = file, hashlib.sha256()
        self.size = 0
        self.closed = False

    def write(self, content: bytes | memoryview) -> int:
        """Append some bytes. Raises OSError if there is no room for them."""
        self._file.write(content)
        self._digest.update(content)
        length = memoryview(content).nbytes
        self.size += length
        return length

    def flush(self) -> None:
        """Hand what was written to the system."""
        self._file.flush()

    def finish(self) -> None:
        """Have all of it on the disk. Raises OSError if there is no room for it."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def tell(self) -> int:
        """Say how many bytes were written, for writers that note where their parts begin."""
        return self.size

    def close(self) -> None:
        """Do nothing: whoever opened it closes it."""

    def readable(self) -> bool:
        """It is only written."""
        return False

    def writable(self) -> bool:
        """It is written, from its beginning to its end."""
        return True

    def seekable(self) -> bool:
        """It is never gone back in."""
        return False

    @property
    def sha256(self) -> str:
        """The SHA-256 of all that was written, in hexadecimal digits."""
        return self._digest.hexdigest()


class FinishedFile(File):
    """A complete file on this machine, which a storage on the same disk moves instead of copying it."""

    def __init__(self, file: IO[bytes], path: Path) -> None:
        super().__init__(file, name=path.name)
        self._path = path

    def temporary_file_path(self) -> str:
        """Where it lies."""
        return str(self._path)


def export_store() -> Storage:
    """Return the storage of finished files."""
    return storages["exports"]


@contextmanager
def partial_file(name: str) -> Iterator[tuple[MeasuredFile, Path]]:
    """Yield a new file to write, with its path; it is gone afterwards unless it was moved. Raises OSError."""
    folder = settings.EXPORTS_ROOT / PARTIAL
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / name
    try:
        with open(path, "wb", opener=_privately) as file:
            yield MeasuredFile(file), path
    finally:
        path.unlink(missing_ok=True)


def _privately(path: str, flags: int) -> int:
    return os.open(path, flags, mode=0o600)


def keep(path: Path, name: str) -> str:
    """Move a complete file into the store; return the name it has there. Raises what the storage raises."""
    with path.open("rb") as file:
        return export_store().save(name, FinishedFile(file, path))


def remove(name: str) -> None:
    """Delete a file of the store; one that is gone already is fine."""
    if name:
        export_store().delete(name)


def partial_files(*, older_than: float) -> Iterator[Path]:
    """Yield what was left half written, if nobody has written to it for so many seconds."""
    folder, before = settings.EXPORTS_ROOT / PARTIAL, time.time() - older_than
    for path in folder.glob("*"):
        if path.stat().st_mtime < before:
            yield path


def stored_names() -> Iterable[str]:
    """Return the names of all files in the store."""
    store = export_store()
    return store.listdir("")[1] if store.exists("") else []
