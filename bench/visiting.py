"""A person of the demo at the shop: signs in as a browser does, and downloads a file."""

import http.client
import re
import time
import urllib.parse
import urllib.request
from dataclasses import dataclass
from http.cookiejar import CookieJar
from typing import Self
from urllib.request import HTTPCookieProcessor, build_opener

AT_ONCE = 64 * 1024


@dataclass(frozen=True)
class Download:
    """How a download went, in seconds; `first_row` is when the first row after the header was there."""

    header: list[str]
    rows: int
    size: int
    first_row: float
    seconds: float


class Visitor:
    """A browser with its cookies."""

    def __init__(self, address: str) -> None:
        self.address, self._jar = address, CookieJar()
        self._opener = build_opener(HTTPCookieProcessor(self._jar))

    @classmethod
    def signed_in(cls, address: str, *, role: str, logins: str) -> Self:
        """Sign in with the login of a role; `logins` is what `seed_demo` printed."""
        found = re.search(rf"^\s*{role}\s+(\S+@\S+)\s+(\S+)$", logins, re.MULTILINE)
        if found is None:
            raise RuntimeError(f"seed_demo printed no login for {role}")
        visitor = cls(address)
        visitor.post("account/sign-in/", login=found[1], password=found[2]).read()
        if "sessionid" not in visitor.cookies:
            raise RuntimeError(f"{found[1]} was not let in")
        return visitor

    @property
    def cookies(self) -> str:
        """The cookies as a header carries them."""
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self._jar)

    def get(self, path: str) -> str:
        """The page at a path."""
        with self._opener.open(self.address + path, timeout=60) as answer:
            return answer.read().decode()

    def post(self, path: str, *, form: str = "", **fields: str) -> http.client.HTTPResponse:
        """Send a form that stands on the page `form`, or at the path itself; the answer as it begins."""
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', self.get(form or path))
        if token is None:
            raise RuntimeError(f"there is no form at {form or path}")
        body = urllib.parse.urlencode({"csrfmiddlewaretoken": token[1], **fields}).encode()
        return self._opener.open(urllib.request.Request(self.address + path, data=body), timeout=300)

    def download(self, path: str, *, form: str, **fields: str) -> Download:
        """Download a CSV file; nothing of it is kept."""
        began = time.monotonic()
        with self.post(path, form=form, **fields) as answer:
            header = answer.readline()
            rows, size, first_row = 0, len(header), 0.0
            while piece := answer.read1(AT_ONCE):
                first_row = first_row or time.monotonic() - began
                rows += piece.count(b"\n")
                size += len(piece)
        return Download(header.decode().rstrip().split(","), rows, size, first_row, time.monotonic() - began)
