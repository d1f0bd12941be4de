from django.apps import AppConfig


class ProductsConfig(AppConfig):
    name = "products"

    def ready(self) -> None:
        from core import navigation  # noqa: PLC0415  models are loaded only now

        navigation.register(
            "Catalogue",
            "Stock",
            "products:console_stock",
            "stock_manage",
            "boxes",
            position=0,
            summary="See what is on hand, receive goods and correct counts.",
        )
        navigation.register(
            "Catalogue",
            "Products",
            "products:console_products",
            "catalogue_manage",
            "tag",
            position=10,
            summary="Change prices, put products on sale and take them off.",
        )
