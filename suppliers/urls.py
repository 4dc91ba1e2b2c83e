"""The pages of /cooperative/ about what is bought from whom."""

from django.urls import path

from .views import desk, ledger, roster, sheets

app_name = "suppliers"
urlpatterns = [
    path("choose/", desk.choose, name="choose"),
    path("ledger/", ledger.lots, name="ledger"),
    path("ledger/new/", ledger.enter, name="slip"),
    path("ledger/<int:pk>/", ledger.verify, name="lot"),
    path("sheets/", sheets.sheets, name="sheets"),
    path("sheets/imports/<int:pk>/", sheets.sheet, name="sheet"),
    path("sheets/imports/<int:pk>/columns/", sheets.columns, name="sheet_columns"),
    path("sheets/imports/<int:pk>/write/", sheets.write, name="sheet_write"),
    path("sheets/imports/<int:pk>/take-back/", sheets.take_back, name="sheet_take_back"),
    path("sheets/imports/<int:pk>/give-up/", sheets.give_up, name="sheet_give_up"),
    path("sheets/<slug:code>/", sheets.send_in, name="sheet_new"),
    path("sheets/<slug:code>/template.xlsx", sheets.template, name="sheet_template"),
    path("sheets/<slug:code>/export.xlsx", sheets.export, name="sheet_export"),
    path("households/", roster.households, name="households"),
    path("households/new/", roster.register, name="household_new"),
]
