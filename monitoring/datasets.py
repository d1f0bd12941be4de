"""The findings of the checks, as a file."""

from analytics.exports.csv_text import Kind
from analytics.exports.datasets import Column, Dataset, register, text_columns

ISSUES = register(
    Dataset(
        name="issues",
        title="Issues",
        summary=(
            "Findings of the checks that stood at any time in the window, those in the currency and those about no "
            "money."
        ),
        columns=(
            Column("issue_id", Kind.NUMBER, "the key of the issue"),
            *text_columns(
                check_id="the id of the check", severity="low, medium, high or critical", state="what is done"
            ),
            Column("first_seen_at", Kind.MOMENT, "when a run first found it"),
            Column("business_day", Kind.DAY, "that day in the store's time zone"),
            Column("last_seen_at", Kind.MOMENT, "when a run last found it"),
            Column("resolved_at", Kind.MOMENT, "when it was gone; empty while it stands"),
            *text_columns(
                entity_type="what kind of thing it is about",
                entity="the key of that",
                subject="what it is called",
                currency="of the money it is about; empty if it is about none",
                expected="what the rule asks for, as JSON",
                found="what was there, as JSON",
            ),
        ),
        rows="""
            SELECT i.id AS issue_id, i.check_id, i.severity, i.state, i.first_seen_at,
                <day of i.first_seen_at> AS business_day, i.last_seen_at, i.resolved_at, i.entity_type,
                i.entity_pk AS entity, i.subject, i.currency, i.details ->> 'expected' AS expected,
                i.details ->> 'found' AS found
            FROM monitoring_issue i
            WHERE i.first_seen_at < %(end_at)s AND (i.resolved_at IS NULL OR i.resolved_at >= %(start_at)s)
                AND i.currency IN ('', %(currency)s)
        """,
        order_by="r.issue_id",
        permission="rbac.issues_view",
    )
)
