"""Who may do what, declared once. Groups, permissions, pages and `docs/rbac_matrix.md` are made from this table."""

from dataclasses import dataclass

CUSTOMER = "customer"
ANALYST = "analyst"
OPS = "ops"
ADMIN = "admin"

ROLES = (CUSTOMER, ANALYST, OPS, ADMIN)
STAFF_ROLES = (ANALYST, OPS, ADMIN)

ROLE_NAMES = {CUSTOMER: "Customer", ANALYST: "Analyst", OPS: "Operations", ADMIN: "Administrator"}
ROLE_SUMMARIES = {
    CUSTOMER: "Shops, and sees nothing but their own orders and account.",
    ANALYST: "Reads dashboards and issues, and downloads exports without personal columns.",
    OPS: "Runs the shop day to day: orders, refunds, returns, stock, catalogue and mail.",
    ADMIN: "Owns people, settings and terms, approves refunds and sees personal data and the audit record.",
}


@dataclass(frozen=True)
class Permission:
    """One thing that somebody may do. `roles` are the roles that may."""

    code: str
    meaning: str
    roles: frozenset[str]

    @property
    def full(self) -> str:
        """The name under which Django knows it."""
        return f"rbac.{self.code}"


def _granted(lowest: str, **meanings: str) -> list[Permission]:
    """Declare permissions held by a staff role and by every role above it."""
    roles = frozenset(STAFF_ROLES[STAFF_ROLES.index(lowest) :])
    return [Permission(code, meaning, roles) for code, meaning in meanings.items()]


PERMISSIONS = (
    *_granted(
        ANALYST,
        console="Open the console",
        analytics_view="Read dashboards, drill-through and finance pages",
        exports_run="Download exports without personal columns",
        issues_view="Read data-quality issues",
    ),
    *_granted(
        OPS,
        orders_view="See orders and their timeline",
        orders_manage="Fulfil, hold and cancel orders",
        refunds_make="Refund within the limit of the role",
        returns_manage="Handle returns",
        disputes_manage="See disputes and send evidence to the bank",
        invoices_view="See invoices and credit notes",
        customers_view="See customers and their orders",
        mail_view="See sent mail and send it again",
        stock_manage="Receive, count and adjust stock",
        catalogue_manage="Edit categories, products, variants and prices",
        discounts_manage="Make and end discount codes",
        reviews_manage="Publish and hide reviews",
        webhooks_replay="Replay webhook events",
        checks_run="Run checks and repairs",
        issues_manage="Acknowledge and resolve issues",
        jobs_view="See background jobs",
    ),
    *_granted(
        ADMIN,
        people_manage="Invite staff and change roles",
        settings_manage="Change the shop's settings",
        terms_manage="Change delivery methods, zones and tax rates",
        refunds_approve="Approve refunds above the limit",
        personal_export="Export personal columns",
        audit_view="Read and export the audit record",
        jobs_run="Run background jobs by hand",
        customers_merge="Merge and erase customers",
    ),
)


def permissions_of(role: str) -> tuple[Permission, ...]:
    """Return what a role may do, in the order of the table; a customer nothing of it."""
    return tuple(permission for permission in PERMISSIONS if role in permission.roles)


def grants_of(role: str) -> list[tuple[str, list[Permission]]]:
    """Return what a staff role may do, in steps: the name of each role up to it, with what that one adds."""
    steps, below = [], frozenset[Permission]()
    for step in STAFF_ROLES[: STAFF_ROLES.index(role) + 1]:
        steps.append((ROLE_NAMES[step], [held for held in permissions_of(step) if held not in below]))
        below = frozenset(permissions_of(step))
    return steps
