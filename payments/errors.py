"""What can go wrong between the shop and Stripe."""


class GatewayError(Exception):
    """Stripe did not do what was asked. Its text is for the log, never for a shopper."""

    def __init__(self, message: str, *, code: str = "", request_id: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.request_id = request_id


class GatewayRefused(GatewayError):
    """Stripe refused: nothing was done, and asking again the same way gives the same answer."""


class GatewayUnclear(GatewayError):
    """No usable answer: it may or may not have been done. Ask again only under the same idempotency key."""


class KeyReused(GatewayError):
    """The key was sent before with other parameters, so nothing was sent now. What became of it then is not known."""


class BadSignature(Exception):
    """A webhook that is not signed by Stripe, or whose stamp is too old or lies in the future."""
