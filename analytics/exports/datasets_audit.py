"""The record of who did what, as a file; for whoever may read the record."""

from analytics.exports.csv_text import Kind
from analytics.exports.datasets import Column, Dataset, register, text_columns

AUDIT = register(
    Dataset(
        name="audit",
        title="Audit record",
        summary="Every act in the window, done, refused or failed: who, what, and which fields changed.",
        columns=(
            Column("record_id", Kind.NUMBER, "the key of the record"),
            Column("at", Kind.MOMENT, "when it was recorded"),
            Column("business_day", Kind.DAY, "that day in the store's time zone"),
            *text_columns(action="what was done", outcome="done, refused or failed"),
            Column("actor_id", Kind.NUMBER, "the key of whoever did it; empty for the shop itself"),
            *text_columns(
                actor_role="the role they had",
                subject_type="what it was done to",
                subject_id="the key of that",
                changes="the fields that changed, as JSON; a value that may be personal is only said to have changed",
                reason="why it was refused, or why it was done",
                request_id="the id of the request, also found in the logs",
            ),
        ),
        rows="""
            SELECT a.id AS record_id, a.at, <day of a.at> AS business_day, a.action, a.outcome, a.actor_id,
                a.actor_role, a.subject_type, a.subject_id, CAST(a.changes AS TEXT) AS changes, a.reason, a.request_id
            FROM audit_auditrecord a WHERE a.at >= %(start_at)s AND a.at < %(end_at)s
        """,
        order_by="r.record_id",
        permission="rbac.audit_view",
    )
)
