"""The addresses of the shop's shelves."""

from django.urls import path

from products import console, views

app_name = "products"
urlpatterns = [
    path("", views.home, name="home"),
    path("shop/", views.listing, name="listing"),
    path("shop/<slug:slug>/", views.category, name="category"),
    path("search/", views.search, name="search"),
    path("products/<slug:slug>/", views.detail, name="detail"),
    path("console/stock/", console.stock_list, name="console_stock"),
    path("console/stock/<int:variant_id>/", console.stock_item, name="console_stock_item"),
    path("console/stock/<int:variant_id>/counting/", console.stock_tracking, name="console_stock_tracking"),
    path("console/products/", console.product_list, name="console_products"),
    path("console/products/<int:product_id>/", console.product_detail, name="console_product"),
    path("console/products/<int:product_id>/status/", console.product_status, name="console_product_status"),
    path("console/variants/<int:variant_id>/price/", console.variant_price, name="console_variant_price"),
]
