"""`make bench`: requests a second of the busiest pages on PostgreSQL, beside a bare Django view."""

import os
import re
import statistics
import urllib.request

from bench.load import requests_a_second, tool
from bench.running import Shop, circumstances, free_port, gunicorn, keep, load, shop
from bench.visiting import Visitor

CONNECTIONS = 16
WARM_UP_SECONDS, ROUND_SECONDS, ROUNDS = 3.0, 5.0, 3
DASHBOARD = "console/analytics/?days=30"
METHOD = f"""{tool()}, {CONNECTIONS} kept-alive connections on loopback,
  {WARM_UP_SECONDS:.0f} s of warm-up, median of {ROUNDS} rounds of {ROUND_SECONDS:.0f} s. Every answer was a 200."""


def measure(address: str, *, cookies: str = "") -> float:
    """Requests a second: the median of the rounds, after a warm-up."""

    def drive(seconds: float) -> float:
        return requests_a_second(address, connections=CONNECTIONS, seconds=seconds, cookies=cookies)

    drive(WARM_UP_SECONDS)
    return statistics.median(drive(ROUND_SECONDS) for _ in range(ROUNDS))


def bare_view() -> float:
    """Requests a second of the yardstick."""
    with gunicorn("bench.bare", dict(os.environ), free_port()) as bare:
        return measure(bare.address)


def product_address(address: str) -> str:
    """A product page that the listing links to."""
    with urllib.request.urlopen(f"{address}shop/", timeout=30) as answer:
        found = re.search(r'href="(/products/[^"/]+/)"', answer.read().decode())
    if found is None:
        raise RuntimeError("The listing links to no product: is the database seeded?")
    return address.rstrip("/") + found[1]


def bench(shop: Shop) -> dict[str, float]:
    """Seed the shop; requests a second by page."""
    logins = shop.seed()
    figures = {"bare Django view": bare_view()}
    with gunicorn("purelaka.wsgi", shop.environment, shop.port) as served:
        address = served.address
        figures["home"] = measure(address)
        figures["listing"] = measure(f"{address}shop/")
        figures["product"] = measure(product_address(address))
        analyst = Visitor.signed_in(address, role="analyst", logins=logins)
        figures["dashboard, as an analyst"] = measure(address + DASHBOARD, cookies=analyst.cookies)
    return figures


def table(figures: dict[str, float]) -> str:
    """The figures beside the yardstick, which is the first."""
    bare = next(iter(figures.values()))
    rows = "\n".join(f"| {name} | {figure:,.1f} | {figure / bare:.2%} |" for name, figure in figures.items())
    return f"| page | requests a second | of the bare view |\n|---|---|---|\n{rows}"


def main() -> None:
    """Measure, print and keep the figures."""
    load_before = load()
    with shop() as place:
        figures = bench(place)
        lines = circumstances(place, load_before=load_before)
    keep(
        "Requests a second",
        f"`make bench` does it again.\n\n{lines}\n- Data: the 6,000 orders of `seed_demo`.\n- Load: {METHOD}\n\n"
        f"{table(figures)}",
    )


if __name__ == "__main__":
    main()
