"""The pages of /cooperative/ about what is bought from whom."""

from django.urls import path

from .views import desk, ledger, roster

app_name = "suppliers"
urlpatterns = [
    path("choose/", desk.choose, name="choose"),
    path("ledger/", ledger.lots, name="ledger"),
    path("ledger/new/", ledger.enter, name="slip"),
    path("ledger/<int:pk>/", ledger.verify, name="lot"),
    path("households/", roster.households, name="households"),
    path("households/new/", roster.register, name="household_new"),
]
