"""What a page of figures shows: which days, in which currency, compared with what; and how to ask for it again."""

from dataclasses import dataclass, field

from django.utils.http import urlencode

from analytics.figures.windows import Against, Window


@dataclass(frozen=True)
class Selection:
    """The window, the currency and the comparison of a page; `period` and `month` are empty for days of one's own."""

    window: Window
    currency: str
    currencies: list[str]
    period: int | None = None
    month: str = ""
    against: Against = Against.PREVIOUS
    notices: list[str] = field(default_factory=list)

    @property
    def days(self) -> dict[str, str]:
        """The keys of the query string that say which days."""
        if self.period:
            return {"days": str(self.period)}
        return {"month": self.month} if self.month else {"from": f"{self.window.start}", "to": f"{self.window.end}"}

    @property
    def query(self) -> dict[str, str]:
        """The query string that selects the same again."""
        usual = self.against is Against.PREVIOUS
        return {**self.days, "currency": self.currency, **({} if usual else {"compare": str(self.against)})}

    @property
    def as_days(self) -> str:
        """The query string of the same days by their first and last, for pages that know no other."""
        return urlencode({"from": f"{self.window.start}", "to": f"{self.window.end}", "currency": self.currency})
