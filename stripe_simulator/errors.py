"""Stripe's error answers."""

from typing import Any


class ApiError(Exception):
    """A request that Stripe answers with an error.

    `began` tells whether the request passed its checks and began: only then does an idempotency key
    remember the answer (https://docs.stripe.com/api/idempotent_requests).
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        began: bool = False,
        extra: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.kind = kind
        self.code = code
        self.param = param
        self.began = began
        self.extra = extra or {}

    def body(self) -> dict[str, Any]:
        """The JSON object that Stripe sends for this error."""
        error: dict[str, Any] = {"message": self.message, "type": self.kind}
        if self.code is not None:
            error["code"] = self.code
            error["doc_url"] = f"https://stripe.com/docs/error-codes/{self.code.replace('_', '-')}"
        if self.param is not None:
            error["param"] = self.param
        return {"error": error | self.extra}


class CardDeclined(ApiError):
    """A payment that was tried and failed: what it changed stays, unlike with any other error."""


def missing_param(name: str) -> ApiError:
    return ApiError(f"Missing required param: {name}.", code="parameter_missing", param=name)


def unknown_param(name: str) -> ApiError:
    return ApiError(f"Received unknown parameter: {name}", code="parameter_unknown", param=name)


def no_such(kind: str, stripe_id: str, *, param: str) -> ApiError:
    return ApiError(f"No such {kind}: '{stripe_id[:200]}'", status=404, code="resource_missing", param=param)


def unknown_url(method: str, path: str) -> ApiError:
    return ApiError(
        f"Unrecognized request URL ({method}: {path[:500]}). Please see https://stripe.com/docs "
        "or we can help at https://support.stripe.com/.",
        status=404,
    )


def refused(message: str, *, code: str | None = None, param: str | None = None) -> ApiError:
    """A valid request that the state of its object does not allow."""
    return ApiError(message, code=code, param=param, began=True)
