"""The pages of /cooperative/ about what is bought from whom."""

from django.urls import path

from .views import batches, desk, ledger, roster, stock

app_name = "suppliers"
urlpatterns = [
    path("choose/", desk.choose, name="choose"),
    path("ledger/", ledger.lots, name="ledger"),
    path("ledger/new/", ledger.enter, name="slip"),
    path("ledger/<int:pk>/", ledger.verify, name="lot"),
    path("ledger/<int:pk>/correct/", stock.correct, name="correct"),
    path("stock/<int:pk>/withdraw/", stock.withdraw, name="withdraw"),
    path("stock/<int:pk>/withdrawals/", stock.withdrawals, name="withdrawals"),
    path("stock/<int:pk>/process/", stock.process, name="process"),
    path("stock/carried/<int:pk>/", stock.carried, name="carried"),
    path("batches/", batches.batches, name="batches"),
    path("batches/new/<int:pk>/", batches.make, name="batch_new"),
    path("batches/<int:pk>/", batches.batch, name="batch"),
    path("hand-overs/", batches.hand_overs, name="hand_overs"),
    path("households/", roster.households, name="households"),
    path("households/new/", roster.register, name="household_new"),
]
