"""Orders, for whoever has an order's own address."""

from django.urls import path

from . import views, views_account

app_name = "orders"
urlpatterns = [
    path("", views.find, name="find"),
    path("<str:token>/", views.order, name="order"),
    path("<str:token>/pay/", views.pay, name="pay"),
    path("<str:token>/received/", views.received, name="received"),
    path("<str:token>/cancel/", views.cancel, name="cancel"),
    path("<str:token>/again/", views_account.again, name="again"),
]
