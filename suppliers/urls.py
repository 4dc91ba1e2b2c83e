"""The pages of /cooperative/ about what is bought from whom."""

from django.urls import path

from .views import desk, ledger, payments, roster

app_name = "suppliers"
urlpatterns = [
    path("choose/", desk.choose, name="choose"),
    path("ledger/", ledger.lots, name="ledger"),
    path("ledger/new/", ledger.enter, name="slip"),
    path("ledger/<int:pk>/", ledger.verify, name="lot"),
    path("ledger/<int:pk>/voucher.pdf", payments.voucher, name="voucher"),
    path("payments/", payments.owed, name="payments"),
    path("payments/<str:run_no>/", payments.run, name="payment_run"),
    path("payments/<str:run_no>/bank-file/", payments.bank_file, name="bank_file"),
    path("households/", roster.households, name="households"),
    path("households/new/", roster.register, name="household_new"),
    path("households/new/<uuid:key>/drop/", roster.drop_draft, name="household_drop"),
    path("households/new/<uuid:key>/<slug:step>/", roster.register_step, name="household_step"),
    path("households/<str:household_no>/", roster.household, name="household"),
    path("households/<str:household_no>/end/", roster.end, name="household_end"),
    path("households/<str:household_no>/reveal/", roster.reveal, name="household_reveal"),
    path("households/<str:household_no>/account/", payments.account, name="account"),
    path("households/<str:household_no>/statement.pdf", payments.statement, name="statement"),
    path("households/<str:household_no>/<slug:what>/", roster.change, name="household_change"),
]
