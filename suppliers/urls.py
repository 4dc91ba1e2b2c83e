"""The pages of /cooperative/ about what is bought from whom."""

from django.urls import path

from .views import desk, ledger, queue, roster

app_name = "suppliers"
urlpatterns = [
    path("choose/", desk.choose, name="choose"),
    path("ledger/", ledger.lots, name="ledger"),
    path("ledger/new/", ledger.enter, name="slip"),
    path("ledger/ready/", queue.ready, name="ready"),
    path("ledger/entry/", queue.entry, name="entry"),
    path("ledger/<int:pk>/", ledger.lot, name="lot"),
    path("ledger/<int:pk>/paper/", ledger.paper, name="slip_paper"),
    path("ledger/<int:pk>/key/", ledger.give_key, name="slip_key"),
    path("ledger/<int:pk>/answer/", ledger.answer, name="slip_answer"),
    path("ledger/<int:pk>/take-back/", ledger.take_back, name="slip_take_back"),
    path("households/", roster.households, name="households"),
    path("households/new/", roster.register, name="household_new"),
]
