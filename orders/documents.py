"""The document that shows the lifecycle of an order, drawn from its table."""

from core.contracts import register
from orders.transitions import TABLE

PATH = "docs/order_state_machine.md"

INTRODUCTION = """# The states of an order

Generated from `orders/transitions.py`; change it there and run `python manage.py contracts`.

An order has four states. How it stands with payment, refunds and disputes is derived beside the state and is never a
fifth one. Any move that is not in this table is refused, and the refusal is recorded.
"""


def render_state_machine() -> str:
    """Return the whole document."""
    arrows = [f"    {row.source or '[*]'} --> {row.target}: {', '.join(row.by)}" for row in TABLE]
    rows = [
        f"| {row.source or '–'} | {row.target} | {', '.join(row.by)} | {row.guard} | {row.effect} |" for row in TABLE
    ]
    return "\n".join(
        [
            INTRODUCTION,
            "```mermaid",
            "stateDiagram-v2",
            *arrows,
            "```",
            "",
            "| from | to | by | only if | effect |",
            "|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


def register_documents() -> None:
    """Announce the document to the gate that holds it current."""
    register(PATH, render_state_machine)
