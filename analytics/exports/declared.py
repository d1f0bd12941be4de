"""Every dataset of this room, and the jobs of files: importing this declares them."""

from analytics.exports import (  # noqa: F401
    datasets_accounting,
    datasets_audit,
    datasets_daily,
    datasets_figures,
    datasets_lines,
    datasets_star,
    datasets_stripe,
    jobs,
)
