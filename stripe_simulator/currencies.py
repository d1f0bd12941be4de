"""What Stripe knows about a currency: decimals, smallest charge, and the simulator's fees.

Decimals and minimums: https://docs.stripe.com/currencies. For a currency without a published minimum
Stripe converts 0.50 USD at the day's rate; here a fixed amount of about that order stands in for it.
"""

from dataclasses import dataclass

SUPPORTED = frozenset(
    [
        "usd",
        "aed",
        "afn",
        "all",
        "amd",
        "ang",
        "aoa",
        "ars",
        "aud",
        "awg",
        "azn",
        "bam",
        "bbd",
        "bdt",
        "bgn",
        "bhd",
        "bif",
        "bmd",
        "bnd",
        "bob",
        "brl",
        "bsd",
        "bwp",
        "byn",
        "bzd",
        "cad",
        "cdf",
        "chf",
        "clp",
        "cny",
        "cop",
        "crc",
        "cve",
        "czk",
        "djf",
        "dkk",
        "dop",
        "dzd",
        "egp",
        "etb",
        "eur",
        "fjd",
        "fkp",
        "gbp",
        "gel",
        "gip",
        "gmd",
        "gnf",
        "gtq",
        "gyd",
        "hkd",
        "hnl",
        "htg",
        "huf",
        "idr",
        "ils",
        "inr",
        "isk",
        "jmd",
        "jod",
        "jpy",
        "kes",
        "kgs",
        "khr",
        "kmf",
        "krw",
        "kwd",
        "kyd",
        "kzt",
        "lak",
        "lbp",
        "lkr",
        "lrd",
        "lsl",
        "mad",
        "mdl",
        "mga",
        "mkd",
        "mmk",
        "mnt",
        "mop",
        "mur",
        "mvr",
        "mwk",
        "mxn",
        "myr",
        "mzn",
        "nad",
        "ngn",
        "nio",
        "nok",
        "npr",
        "nzd",
        "omr",
        "pab",
        "pen",
        "pgk",
        "php",
        "pkr",
        "pln",
        "pyg",
        "qar",
        "ron",
        "rsd",
        "rub",
        "rwf",
        "sar",
        "sbd",
        "scr",
        "sek",
        "sgd",
        "shp",
        "sle",
        "sos",
        "srd",
        "std",
        "szl",
        "thb",
        "tjs",
        "tnd",
        "top",
        "try",
        "ttd",
        "twd",
        "tzs",
        "uah",
        "ugx",
        "uyu",
        "uzs",
        "vnd",
        "vuv",
        "wst",
        "xaf",
        "xcd",
        "xof",
        "xpf",
        "yer",
        "zar",
        "zmw",
    ]
)
ZERO_DECIMAL = frozenset(
    ["bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"]
)
THREE_DECIMAL = frozenset(["bhd", "jod", "kwd", "omr", "tnd"])
LARGEST_CHARGE = 99_999_999

_MINIMUM = {
    "usd": 50, "aed": 200, "aud": 50, "bgn": 100, "brl": 50, "cad": 50, "chf": 50, "czk": 1500, "dkk": 250,
    "eur": 50, "gbp": 30, "hkd": 400, "huf": 17_500, "inr": 50, "jpy": 50, "mxn": 1000, "myr": 200, "nok": 300,
    "nzd": 50, "pln": 200, "ron": 200, "sek": 300, "sgd": 50, "thb": 1000,
}  # fmt: skip
_SYMBOL = {"gbp": "£", "eur": "€", "usd": "$", "jpy": "¥"}
_COIN = {"gbp": "pence", "usd": "cents", "eur": "cents", "pln": "grosz", "jpy": "yen"}
DISPUTE_FEE = 2000


@dataclass(frozen=True)
class Fee:
    """Share of the amount in basis points, plus a fixed part in minor units."""

    bps: int
    fixed_minor: int


_FEES = {"gbp": Fee(150, 20), "eur": Fee(150, 25), "usd": Fee(290, 30), "jpy": Fee(360, 0)}
_OTHER_FEE = Fee(290, 0)


def decimals(currency: str) -> int:
    """How many decimal places Stripe's minor unit of this currency has."""
    if currency in ZERO_DECIMAL:
        return 0
    return 3 if currency in THREE_DECIMAL else 2


def smallest_charge(currency: str) -> int:
    """The least amount, in minor units, that may be charged."""
    return _MINIMUM.get(currency, 200 if currency in THREE_DECIMAL else 50)


def fee_for(amount: int, currency: str) -> int:
    """Stripe's fee for a charge, in minor units, rounded half up."""
    fee = _FEES.get(currency, _OTHER_FEE)
    return (amount * fee.bps + 5_000) // 10_000 + fee.fixed_minor


def show(amount: int, currency: str) -> str:
    """An amount for people: `£12.50`, `¥500`, `12.500 KWD`."""
    places = decimals(currency)
    sign = "-" if amount < 0 else ""
    whole, part = divmod(abs(amount), 10**places)
    number = f"{whole:,}" + (f".{part:0{places}d}" if places else "")
    symbol = _SYMBOL.get(currency)
    return f"{sign}{symbol}{number}" if symbol else f"{sign}{number} {currency.upper()}"


def show_coins(amount: int, currency: str) -> str:
    """An amount as Stripe words its minimum: `30 pence`."""
    return f"{amount} {_COIN[currency]}" if currency in _COIN else show(amount, currency)
