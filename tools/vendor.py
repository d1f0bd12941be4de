#!/usr/bin/env python3
"""Refresh the vendored browser files from npm tarballs, as pinned in vendor.toml.

Needs npm and the network, at development time only: the output is committed. `--check` writes nothing and
exits 1 naming what differs.
"""

import argparse
import base64
import hashlib
import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def fetch(package: dict, into: Path) -> Path:
    """Download one tarball and return its path; exit when its hash is not the pinned one."""
    spec = f"{package['name']}@{package['version']}"
    subprocess.run(
        ["npm", "pack", "--silent", "--pack-destination", str(into), spec],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    tarball = next(into.glob("*.tgz"))
    digest = base64.b64encode(hashlib.sha512(tarball.read_bytes()).digest()).decode()
    if f"sha512-{digest}" != package["integrity"]:
        sys.exit(f"{spec}: the tarball is sha512-{digest}, vendor.toml says {package['integrity']}")
    return tarball


def sprite(read, icons: list[str]) -> bytes:
    """Join single icons into one SVG of symbols, to be shown with <use href="icons.svg#name">."""
    symbols = []
    for icon in sorted(icons):
        body = re.search(r"<svg[^>]*>(.*)</svg>", read(f"icons/{icon}.svg").decode(), re.DOTALL)[1]
        symbols.append(f'<symbol id="{icon}" viewBox="0 0 24 24">{" ".join(body.split())}</symbol>\n')
    return ('<svg xmlns="http://www.w3.org/2000/svg">\n' + "".join(symbols) + "</svg>\n").encode()


def outputs(package: dict) -> Iterator[tuple[str, bytes]]:
    """Yield (path in the repository, content) for everything a package contributes."""
    with tempfile.TemporaryDirectory() as folder, tarfile.open(fetch(package, Path(folder))) as archive:

        def read(name: str) -> bytes:
            member = archive.extractfile(f"package/{name}")
            if member is None:
                sys.exit(f"{package['name']} {package['version']} has no {name}")
            return member.read()

        for source, target in package["files"].items():
            yield target, read(source)
        if "sprite" in package:
            yield package["sprite"], sprite(read, package["icons"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="verify without writing")
    check = parser.parse_args().check
    stale = []
    for package in tomllib.loads((ROOT / "tools/vendor.toml").read_text())["pkg"]:
        for target, content in outputs(package):
            path = ROOT / target
            if check and (not path.exists() or path.read_bytes() != content):
                stale.append(target)
            elif not check:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
    if stale:
        print("Not as pinned:", ", ".join(stale))
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
