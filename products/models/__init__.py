"""The tables of the catalogue and of stock."""

from products.models.catalogue import Category, PriceChange, Product, ProductImage, Variant
from products.models.stock import StockItem, StockMovement

__all__ = ["Category", "PriceChange", "Product", "ProductImage", "StockItem", "StockMovement", "Variant"]
