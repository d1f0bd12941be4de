"""Facts by day, the builds that write them, closed months, files, and what people keep asking."""

from analytics.models.asking import SavedQuestion, SummarySubscription
from analytics.models.builds import Build, BuildQuerySet, DayState, FactDayHistory
from analytics.models.closing import MonthClose
from analytics.models.facts import (
    CohortCell,
    CustomerDay,
    CustomerFirst,
    FactDay,
    FactProductDay,
    FactSegmentDay,
    OrderRefundDay,
)
from analytics.models.files import ExportRun, ExportSchedule, FileFormat
from analytics.models.stripe_facts import FactPaymentDay, FactStripeDay

__all__ = [
    "Build",
    "BuildQuerySet",
    "CohortCell",
    "CustomerDay",
    "CustomerFirst",
    "DayState",
    "ExportRun",
    "ExportSchedule",
    "FactDay",
    "FactDayHistory",
    "FactPaymentDay",
    "FactProductDay",
    "FactSegmentDay",
    "FactStripeDay",
    "FileFormat",
    "MonthClose",
    "OrderRefundDay",
    "SavedQuestion",
    "SummarySubscription",
]
