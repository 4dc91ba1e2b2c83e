"""The pages of /cooperative/ about what is bought from whom."""

from django.urls import path

from .base import paths  # noqa: F401  (its <row:…>)
from .views import batches, certificates, desk, ledger, payments, queue, roster, staff, stock

app_name = "suppliers"
urlpatterns = [
    path("choose/", desk.choose, name="choose"),
    path("ledger/", ledger.lots, name="ledger"),
    path("ledger/new/", ledger.enter, name="slip"),
    path("ledger/ready/", queue.ready, name="ready"),
    path("ledger/entry/", queue.entry, name="entry"),
    path("ledger/<row:pk>/", ledger.lot, name="lot"),
    path("ledger/<row:pk>/paper/", ledger.paper, name="slip_paper"),
    path("ledger/<row:pk>/key/", ledger.give_key, name="slip_key"),
    path("ledger/<row:pk>/answer/", ledger.answer, name="slip_answer"),
    path("ledger/<row:pk>/correct/", stock.correct, name="correct"),
    path("stock/<row:pk>/withdraw/", stock.withdraw, name="withdraw"),
    path("stock/<row:pk>/withdrawals/", stock.withdrawals, name="withdrawals"),
    path("stock/<row:pk>/process/", stock.process, name="process"),
    path("stock/carried/<row:pk>/", stock.carried, name="carried"),
    path("batches/", batches.batches, name="batches"),
    path("batches/new/<row:pk>/", batches.make, name="batch_new"),
    path("batches/<row:pk>/", batches.batch, name="batch"),
    path("hand-overs/", batches.hand_overs, name="hand_overs"),
    path("ledger/<row:pk>/voucher.pdf", payments.voucher, name="voucher"),
    path("payments/", payments.owed, name="payments"),
    path("payments/<str:run_no>/", payments.run, name="payment_run"),
    path("payments/<str:run_no>/bank-file/", payments.bank_file, name="bank_file"),
    path("households/", roster.households, name="households"),
    path("households/new/", roster.register, name="household_new"),
    path("staff/", staff.staff, name="staff"),
    path("staff/<row:pk>/", staff.change, name="post"),
    path("staff/invitations/<row:pk>/withdraw/", staff.withdraw, name="invitation_withdraw"),
    path("certificates/", certificates.papers, name="certificates"),
    path("certificates/new/", certificates.add, name="certificate_new"),
    path("certificates/<row:pk>/withdraw/", certificates.withdraw, name="certificate_withdraw"),
    path("grower-price/", staff.grower_price, name="grower_price"),
    path("households/new/<uuid:key>/drop/", roster.drop_draft, name="household_drop"),
    path("households/new/<uuid:key>/<slug:step>/", roster.register_step, name="household_step"),
    path("households/<str:household_no>/", roster.household, name="household"),
    path("households/<str:household_no>/end/", roster.end, name="household_end"),
    path("households/<str:household_no>/reveal/", roster.reveal, name="household_reveal"),
    path("households/<str:household_no>/account/", payments.account, name="account"),
    path("households/<str:household_no>/statement.pdf", payments.statement, name="statement"),
    path("households/<str:household_no>/<slug:what>/", roster.change, name="household_change"),
]
