"""The family of errors whose message may be shown to the person whose act was refused. All else is a bug."""


class DomainError(Exception):
    """An act that the shop refuses. The message is a sentence for the person who tried."""

    @property
    def message(self) -> str:
        """The sentence to show."""
        return str(self.args[0]) if self.args else "That is not possible."


class NotAllowedInState(DomainError):
    """The thing is no longer, or not yet, in a state that allows this."""


class OutOfStock(DomainError):
    """Fewer units are available than were asked for. `variant_id` says of what, `available` how many are left."""

    def __init__(self, message: str, *, variant_id: int, available: int) -> None:
        super().__init__(message)
        self.variant_id = variant_id
        self.available = available


class AmountMismatch(DomainError):
    """Two amounts that must be equal are not."""
