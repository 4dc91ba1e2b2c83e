"""The pages of /cooperative/ about what is bought from whom."""

from django.urls import path

from .base import paths  # noqa: F401  (its <row:…>)
from .views import certificates, desk, ledger, roster, staff

app_name = "suppliers"
urlpatterns = [
    path("choose/", desk.choose, name="choose"),
    path("ledger/", ledger.lots, name="ledger"),
    path("ledger/new/", ledger.enter, name="slip"),
    path("ledger/<row:pk>/", ledger.verify, name="lot"),
    path("households/", roster.households, name="households"),
    path("households/new/", roster.register, name="household_new"),
    path("staff/", staff.staff, name="staff"),
    path("staff/<row:pk>/", staff.change, name="post"),
    path("staff/invitations/<row:pk>/withdraw/", staff.withdraw, name="invitation_withdraw"),
    path("certificates/", certificates.papers, name="certificates"),
    path("certificates/new/", certificates.add, name="certificate_new"),
    path("certificates/<row:pk>/withdraw/", certificates.withdraw, name="certificate_withdraw"),
    path("grower-price/", staff.grower_price, name="grower_price"),
]
