"""The documents made from the registry: what each figure means, for people and for programs."""

import json

from analytics.exports.accounts import ACCOUNTS
from analytics.exports.datasets import DATASETS
from analytics.kpis import ALL, VERSION, Kpi, TableKpi
from core.contracts import register

DEFINITIONS = "docs/kpi_definitions.md"
CONTRACT = "docs/contracts/kpi_contract.json"

INTRODUCTION = f"""# What each figure means

Generated from `analytics/kpis.py` and `analytics/exports/datasets.py`; change it there and run
`python manage.py contracts`.
This is version {VERSION} of the definitions. An id never changes its meaning: a new meaning is a new id.

- **Source.** Every sales figure is a sum over the append-only sales ledger (`orders_salesentry`), read from the
  snapshot tables that `python manage.py build_snapshots` fills from it; figures of payments and of Stripe's books are
  sums over attempts, disputes and balance transactions, kept the same way. A figure whose source is no snapshot is
  worked out from its rows when it is asked for. Test orders and unpaid orders are in no figure.
- **Sale time** is the moment the money was taken, never the placing of the order or the arrival of a webhook.
  **Refund time** is the moment of the refund at Stripe; one that fails afterwards is an opposite entry on the day of
  the failure.
- **Day** is the calendar day in `STORE_TIME_ZONE`, from local midnight to local midnight; days of 23 and 25 hours
  exist.
- **Money** is an integer of minor units in one currency and is never added across currencies. With a currency, a
  customer's first sale is the first in that currency. Without one, only figures that hold no money are given, worked
  out over the sales of every currency. Stripe's books are in the currency that it settles in.
- **Nothing to divide by** gives no figure: `null`, a dash on a page, an empty cell in a file; never 0. Quotients are
  rounded half away from zero, percentages, hours and days to two decimals.
- **Adding up**: A the days add up; S the parts add up, then they are divided; P a point in time, the last one counts;
  N worked out over the whole window (a customer who buys on three days is one customer).
- **Missing or zero.** A day between the first fact and the last one without a row in `day_state` is missing, and says
  so. A day on which nothing was sold is zero.
- **Why net sales moved** between two windows is split without a remainder (`analytics/figures/explained.py`).
  *Orders*: change in orders x what an order came to before (gross sales less discounts, an order). *Discounts*: what
  today's gross sales would have cost at the old share of discounts, less what they did cost. *Baskets*: the rest of
  the change in gross sales less discounts. *Returns*: minus the change in returns. Where nothing was sold before, all
  of it is orders. The percentages are tenths of the net sales before, rounded by largest remainder: they add up, too.
"""


def render_definitions() -> str:
    """Return the whole page for people."""
    names = ("id", "title", "formula", "left out", "dated by", "unit", "adds up", "better", "no figure if", "source")
    head = [f"| {' | '.join((*names, 'pages'))} |", "|" + "---|" * (len(names) + 1)]
    rows = [
        f"| `{kpi.id}` | {kpi.title} | {kpi.formula} | {kpi.left_out} | {kpi.basis} | {kpi.unit} | {kpi.additivity} | "
        f"{kpi.better} | {kpi.null_rule} | `{kpi.source}` | {', '.join(f'`{page}`' for page in kpi.pages)} |"
        for kpi in ALL
    ]
    return "\n".join([INTRODUCTION, "## Figures", "", *head, *rows, "", *_dataset_pages(), *_accounts()])


def render_contract() -> str:
    """Return the contract for programs: every figure with its properties, every export with its columns."""
    contract = {
        "version": VERSION,
        "kpis": [_described(kpi) for kpi in ALL],
        "exports": {
            dataset.name: [
                {"name": column.name, "kind": str(column.kind), "personal": column.is_personal}
                for column in dataset.columns
            ]
            for dataset in DATASETS.values()
        },
    }
    return json.dumps(contract, indent=2, ensure_ascii=False) + "\n"


def register_documents() -> None:
    """Announce both to the gate that holds them current."""
    register(DEFINITIONS, render_definitions)
    register(CONTRACT, render_contract)


def _described(kpi: Kpi | TableKpi) -> dict[str, object]:
    described: dict[str, object] = {
        "id": kpi.id,
        "title": kpi.title,
        "unit": str(kpi.unit),
        "additivity": str(kpi.additivity),
        "formula": kpi.formula,
        "dated_by": kpi.basis,
        "left_out": kpi.left_out,
        "better": str(kpi.better),
        "null": kpi.null_rule,
        "source": kpi.source,
        "across_currencies": kpi.crosses_currencies,
        "pages": list(kpi.pages),
    }
    return described | ({"columns": list(kpi.columns)} if isinstance(kpi, TableKpi) else {})


def _dataset_pages() -> list[str]:
    lines = [
        "## Exports",
        "",
        "CSV in UTF-8 without a byte order mark (with `excel=1` it has one), quoted as RFC 4180 says, lines ending in",
        "LF. Money stands twice: `x_minor` in minor units and `x` with a dot. Times are UTC with a `Z`. Text cells",
        "that a spreadsheet would take for a formula begin with an apostrophe. Personal columns are only written for",
        "people who may export them.",
    ]
    for dataset in DATASETS.values():
        lines += ["", f"### {dataset.title} (`{dataset.name}`)", "", dataset.summary, "", "| column | kind | meaning |"]
        lines += ["|---|---|---|"]
        lines += [
            f"| `{column.name}` | {column.kind}{', personal' if column.is_personal else ''} | {column.meaning} |"
            for column in dataset.columns
        ]
    return [*lines, ""]


def _accounts() -> list[str]:
    lines = [
        "## The accounts of the journal",
        "",
        "A small chart, to be mapped onto that of the business. Each entry of the sales ledger is booked on its own",
        "and balances: a sale debits where the money is and credits sales, delivery and VAT; a refund does the",
        "opposite; a refund that failed afterwards does as a sale. Stripe's fees and payouts are no part of it: they",
        "are booked out of the clearing account, from Stripe's balance.",
        "",
        "| account | name | what it holds |",
        "|---|---|---|",
        *(f"| `{account.code}` | {account.name} | {account.meaning} |" for account in ACCOUNTS),
    ]
    return [*lines, ""]
