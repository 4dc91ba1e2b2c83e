"""Every page, by whom it is for."""

from django.apps import apps
from django.conf import settings
from django.http import Http404
from django.shortcuts import redirect
from django.urls import include, path, re_path
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import RedirectView
from django.views.i18n import set_language
from django.views.static import serve

from suppliers.base.access import everybody
from suppliers.views import certificates, checking, disputes, office
from suppliers.views import ledger as slips

from . import (
    operations,
    refunds,
    views_cooperative,
    views_departures,
    views_info,
    views_roster,
    views_slip,
    views_stock,
)
from .accounts import views as accounts
from .catalogue import views as catalogue
from .packing import views as packing
from .preorders import views as preorders
from .reports import views_public as origin
from .sourcing import views_county as sourcing
from .sourcing import views_telling as telling


def _oscar(label: str):
    """The pages of an Oscar app, or of our fork of it."""
    return apps.get_app_config(label).urls


def _to(name: str):
    """Where a page of Oscar's gives way to ours."""
    return RedirectView.as_view(pattern_name=name, query_string=True)


@everybody
def _to_shelf(request, **_named):
    return redirect("catalogue:index")


@everybody
def _media(request, path: str):
    """A picture. A name that no file can have is a name that no file has."""
    try:
        return serve(request, path, document_root=settings.MEDIA_ROOT)
    except OSError as error:
        raise Http404 from error


urlpatterns = [
    # For whoever runs it
    path("healthz", operations.healthz, name="healthz"),
    path("readyz", operations.readyz, name="readyz"),
    path("metrics", operations.metrics, name="metrics"),
    # For everybody
    path("", catalogue.home, name="home"),
    path("catalogue/", _oscar("catalogue")),
    path("search/", _oscar("search")),
    path("basket/", _oscar("basket")),
    path("checkout/", _oscar("checkout")),
    path("orders/", include("shop.customer.urls")),
    path("", include("shop.aftersales.urls")),
    path("", include("shop.listing.urls")),
    path("trace/", origin.find, name="trace-find"),
    path("trace/<str:code>/", origin.trace, name="trace"),
    path("certificates/<row:pk>/", certificates.look, name="certificate"),
    path("impact/", origin.impact, name="impact"),
    path("impact/data.json", origin.impact_data, name="impact-data"),
    path("impact/months.svg", origin.impact_months, name="impact-months"),
    path("slip/<str:key>/", views_slip.slip, name="household-slip"),
    path("slip/<str:key>/right/", views_slip.right, name="household-right"),
    path("slip/<str:key>/wrong/", views_slip.wrong, name="household-wrong"),
    path("preorders/", preorders.on_the_tree, name="preorders"),
    path("together/", include("shop.together.urls")),
    path("supply/", include("shop.sourcing.urls")),
    path("help/", views_info.help_page, name="help"),
    path("licence/", views_info.licence, name="licence"),
    path("styleguide/", views_info.styleguide, name="styleguide"),
    # The dashboard names it; offers have no pages here.
    path("offers/", include(([path("<slug:slug>/", _to_shelf, name="detail")], "offer"))),
    # Without a token: its form is on pages that are the same for every visitor, and all it can do is set a language. It
    # goes back to where the browser says it was.
    path("language/setlang/", csrf_exempt(set_language), name="set_language"),
    path("privacy/", accounts.privacy, name="privacy"),
    re_path(r"^media/(?P<path>.*)$", _media),
    # For whoever has an account: there is one way to sign in, with its limits and its second factor
    path("accounts/register/", _to("account_signup")),
    path("accounts/change-password/", _to("account_change_password")),
    path("password-reset/", _to("account_reset_password"), name="password-reset"),
    path("accounts/login/", accounts.SignIn.as_view(), name="account_login"),
    path("accounts/", include("shop.accounts.urls")),
    path("accounts/", include("allauth.urls")),
    path("accounts/", _oscar("customer")),
    # For who wants to sell here
    path("join/", include("suppliers.urls_joining")),
    # For cooperatives
    path("cooperative/", include("logistics.urls")),
    path("cooperative/", include("suppliers.urls")),
    path("cooperative/consignments/<str:consignment_no>/", views_cooperative.consignment, name="consignment"),
    path("cooperative/consignments/<str:consignment_no>/ship/", views_cooperative.ship, name="ship"),
    path("cooperative/more/", views_cooperative.desk, name="desk"),
    path("cooperative/packing/", packing.packing, name="packing"),
    path("cooperative/packing/list.pdf", packing.pick_list, name="packing-list"),
    path("cooperative/packing/slips.pdf", packing.slips, name="packing-slips"),
    path("cooperative/packing/labels.pdf", packing.labels, name="packing-labels"),
    path("cooperative/packing/scan/", packing.scan, name="scan"),
    path("cooperative/money/", packing.own_money, name="money"),
    path("cooperative/stock/", views_stock.accounts, name="stock"),
    path("cooperative/stock/<int:pk>/<int:year>/", views_stock.account, name="stock_account"),
    path("cooperative/supply/", telling.declarations, name="supply_declares"),
    path("cooperative/supply/declare/<slug:step>/", telling.declare, name="supply_declare"),
    path("cooperative/supply/<int:pk>/", telling.change, name="supply_change"),
    path("cooperative/supply/links/", telling.links, name="supply_links"),
    path("cooperative/presales/", preorders.presales, name="presales"),
    path("cooperative/presales/new/", preorders.presale_new, name="presale_new"),
    path("cooperative/presales/<int:pk>/", preorders.harvest_in, name="harvest_in"),
    # For officials
    path("officials/slips/", checking.slips, name="slips"),
    path("officials/applications/", office.applications, name="applications"),
    path("officials/applications/<str:application_no>/", office.application, name="application"),
    path("officials/cooperatives/", office.cooperatives, name="cooperatives_office"),
    path("officials/cooperatives/<str:code>/", office.cooperative, name="cooperative_office"),
    path("officials/approvals/", views_roster.approvals, name="approvals"),
    path("officials/reveals/", views_roster.reveals, name="reveals"),
    path("officials/households/<str:household_no>/reveal/", views_roster.reveal, name="reveal"),
    path("officials/households/<str:household_no>/merge/", views_roster.merge, name="household-merge"),
    path("officials/households/<str:household_no>/split/", views_roster.split, name="household-split"),
    path("officials/slips/<int:pk>/", checking.slip, name="slip"),
    path("officials/disputes/", disputes.disputes, name="disputes"),
    path("officials/disputes/<int:pk>/", disputes.dispute, name="dispute"),
    # For the cooperative, its township and the county
    path("slips/<int:pk>/photo/", slips.photo, name="slip-photo"),
    path("officials/orders/<str:number>/refund/", refunds.refund, name="refund"),
    path("officials/inquiries/", sourcing.inquiries, name="inquiries"),
    path("officials/inquiries/<int:pk>/", sourcing.inquiry, name="inquiry"),
    path("officials/wanted/", sourcing.wanted, name="wanted_desk"),
    path("officials/supply/", sourcing.deliveries, name="deliveries"),
    path("officials/collectors/", sourcing.collectors, name="collectors"),
    path("officials/prices/", sourcing.prices, name="prices"),
    path("officials/prices/<str:code>/", sourcing.price_sheet, name="price_sheet"),
    path("officials/departures/", views_departures.departures, name="departures"),
    path("officials/departures/new/", views_departures.plan, name="departure_new"),
    path("officials/departures/<int:pk>/", views_departures.departure, name="departure"),
    path("officials/departures/<int:pk>/left/", views_departures.left, name="departure_left"),
    path("officials/departures/<int:pk>/call-off/", views_departures.call_off, name="departure_call_off"),
    path("officials/money/", packing.due, name="due"),
    path("officials/money/<str:code>/", packing.remit, name="remit"),
    path("officials/stock/", views_stock.all_accounts, name="officials_stock"),
    path("officials/counters/", views_departures.counters, name="counters"),
    path("officials/counters/<str:code>/", views_departures.counters, name="counter"),
    path("officials/", include("shop.reports.urls")),
    # For county staff
    path("dashboard/login/", _to("account_login")),
    path("dashboard/", _oscar("dashboard")),
]
