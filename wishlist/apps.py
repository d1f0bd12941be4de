from django.apps import AppConfig


class WishlistConfig(AppConfig):
    name = "wishlist"

    def ready(self) -> None:
        from wishlist import sign_in  # noqa: F401, PLC0415  registers the receiver of sign-ins
