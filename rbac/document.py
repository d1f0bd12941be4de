"""`docs/rbac_matrix.md`, written from the matrix."""

from rbac.matrix import PERMISSIONS, ROLE_NAMES, ROLE_SUMMARIES, ROLES, STAFF_ROLES

PATH = "docs/rbac_matrix.md"

HEAD = """# Who may do what

Generated from `rbac/matrix.py` by `python manage.py contracts`; do not edit.

Everybody has exactly one role. Customers get "not found" for staff pages, staff without the permission "forbidden",
and who is not signed in the sign-in page.
"""


def render_matrix() -> str:
    """Return the page: the roles, then one row a permission."""
    roles = [f"- **{ROLE_NAMES[role]}** (`{role}`): {ROLE_SUMMARIES[role]}" for role in ROLES]
    head = ["| permission | meaning | " + " | ".join(STAFF_ROLES) + " |", "|---|---|" + ":-:|" * len(STAFF_ROLES)]
    rows = [
        f"| `{permission.code}` | {permission.meaning} | "
        + " | ".join("yes" if role in permission.roles else "–" for role in STAFF_ROLES)
        + " |"
        for permission in PERMISSIONS
    ]
    return "\n".join([HEAD, *roles, "", *head, *rows, "", "A customer holds none of these permissions.", ""])
