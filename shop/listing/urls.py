"""Products of a cooperative, and the county's desk for those that are new."""

from django.urls import path

import suppliers.base.paths  # noqa: F401  (its <row:…>)

from . import views

app_name = "listing"
urlpatterns = [
    # For the cooperative
    path("cooperative/products/", views.products, name="products"),
    path("cooperative/products/new/", views.new, name="new"),
    path("cooperative/products/<row:pk>/", views.product, name="product"),
    path("cooperative/products/<row:pk>/edit/", views.edit, name="edit"),
    path("cooperative/products/<row:pk>/pictures/", views.pictures, name="pictures"),
    path("cooperative/products/<row:pk>/price/", views.price, name="price"),
    path("cooperative/products/<row:pk>/stock/", views.stock, name="stock"),
    # For county staff
    path("officials/products/", views.queue, name="queue"),
    path("officials/products/<row:pk>/", views.review, name="review"),
]
