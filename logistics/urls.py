"""The pages of /cooperative/ about what travels and what that earns."""

from django.urls import path

from . import views

app_name = "logistics"
urlpatterns = [
    path("", views.home, name="home"),
    path("consignments/", views.consignments, name="consignments"),
    path("vehicles/", views.vehicles, name="vehicles"),
    path("vehicles/new/", views.plan, name="vehicle_new"),
    path("vehicles/<int:pk>/", views.vehicle, name="vehicle"),
    path("awards/", views.awards, name="awards"),
]
