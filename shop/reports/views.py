"""The officials' pages: the report of a window with its files, and an order or a household traced through the books."""

import datetime as dt

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe
from oscar.core.loading import get_model

from logistics.models import Award, Shipment
from suppliers.base import days
from suppliers.base.access import AUDITOR, READS_EVIDENCE, READS_REPORT, has_role, role_required
from suppliers.models import Household

from ..models import Sale
from ..views_roster import REVEALS
from . import charts, exports, trace
from .figures import Figures, one_moment
from .forms import WindowForm
from .report import Report, city_name

Order = get_model("order", "Order")

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def quick_windows() -> list[tuple[str, dt.date, dt.date]]:
    """Windows that are asked for again and again, as (label, first day, last day)."""
    today = days.today()
    return [
        (_("This month"), today.replace(day=1), days.month_end(today)),
        (_("This half-year"), *days.half_year(today)),
        (_("This year"), dt.date(today.year, 1, 1), dt.date(today.year, 12, 31)),
        (_("First half of 2019"), dt.date(2019, 1, 1), dt.date(2019, 6, 30)),
        (_("Year 2019"), dt.date(2019, 1, 1), dt.date(2019, 12, 31)),
    ]


def window_form(request: HttpRequest) -> WindowForm:
    """The form as the address fills it; without an address it is this half-year's."""
    if {"from", "to"} & request.GET.keys():
        return WindowForm(request.GET)
    starts, ends = days.half_year(days.today())
    return WindowForm({"from": starts.isoformat(), "to": ends.isoformat()})


def asked_window(request: HttpRequest) -> dict[str, dt.date]:
    """The window that a file is asked for. Raises Http404 where the address names none."""
    form = window_form(request)
    if not form.is_valid():
        raise Http404
    return form.cleaned_data


@require_safe
@role_required(*READS_REPORT)
def report(request: HttpRequest) -> HttpResponse:
    form = window_form(request)
    page = {
        "form": form,
        "quick": quick_windows(),
        "reads_evidence": has_role(request.user, *READS_EVIDENCE),
        "exact": request.GET.get("unit") == "yuan",
    }
    if not form.is_valid():
        return render(request, "officials/report.html", page)
    found = Report.of(**form.cleaned_data)
    page |= {
        "report": found,
        "figures": found.figures,
        "tables": list(found.tables.values()),
        "window": f"from={found.starts.isoformat()}&to={found.ends.isoformat()}",
    }
    return render(request, "officials/report.html", page)


@require_safe
@role_required(*READS_REPORT)
def chart(request: HttpRequest) -> HttpResponse:
    figures = Figures(**asked_window(request))
    with one_moment():
        months = figures.months
    return HttpResponse(charts.months(months, is_narrow="narrow" in request.GET), content_type="image/svg+xml")


@require_safe
@role_required(*READS_REPORT)
def table_csv(request: HttpRequest, code: str) -> HttpResponse:
    found = Report.of(**asked_window(request))
    table = found.tables.get(code)
    if table is None:
        raise Http404
    return _csv(exports.table_rows(table), f"{code}-{found.starts}-{found.ends}.csv")


@require_safe
@role_required(*READS_EVIDENCE)
def credits_csv(request: HttpRequest) -> HttpResponse:
    figures = Figures(**asked_window(request))
    return _csv(exports.credit_rows(figures), f"credits-{figures.starts}-{figures.ends}.csv")


def _csv(rows, filename: str) -> StreamingHttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{filename}"'}
    return StreamingHttpResponse(exports.csv_lines(rows), content_type="text/csv; charset=utf-8", headers=headers)


@require_safe
@role_required(*READS_REPORT)
def report_xlsx(request: HttpRequest) -> HttpResponse:
    found = Report.of(**asked_window(request))
    content = exports.workbook(found)
    headers = {"Content-Disposition": f'attachment; filename="report-{found.starts}-{found.ends}.xlsx"'}
    return HttpResponse(content, content_type=XLSX, headers=headers)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(*READS_EVIDENCE)
def find(request: HttpRequest) -> HttpResponse:
    """Go to the order or the household whose number was posted: what is typed here by mistake, a name, is in no address."""
    number = "".join(sign for sign in request.POST.get("q", "") if sign.isprintable()).strip()[:64]
    if number:
        if order := Order.objects.filter(number__iexact=number, sale__isnull=False).first():
            return redirect("officials:order", number=order.number)
        if household := Household.objects.filter(household_no__iexact=number).first():
            return redirect("officials:household", household_no=household.household_no)
    return render(
        request,
        "officials/find.html",
        {"reads_reveals": has_role(request.user, AUDITOR), "q": number},
    )


@require_safe
@role_required(*READS_EVIDENCE)
def order(request: HttpRequest, number: str) -> HttpResponse:
    sale = get_object_or_404(Sale.objects.select_related("order"), order__number=number)
    shipments = (
        Shipment.objects.visible_to(request.user)
        .filter(consignment__order=sale.order_id)
        .select_related("cooperative", "carrier", "vehicle", "consignment")
        .order_by("pk")
    )
    awards = Award.objects.live().filter(shipment__in=shipments).select_related("programme", "version")
    page = {
        "sale": sale,
        "city": city_name(sale.city_code),
        "lines": trace.lines_of(sale),
        "shipments": shipments,
        "awards": awards.select_related("shipment").order_by("pk"),
        "refunds": sale.refunds.prefetch_related("lines").order_by("pk"),
    }
    return render(request, "officials/order.html", page)


@require_safe
@role_required(*READS_EVIDENCE)
def household(request: HttpRequest, household_no: str) -> HttpResponse:
    found = get_object_or_404(
        Household.objects.visible_to(request.user).select_related("village__township"), household_no=household_no
    )
    credits = Paginator(trace.credits_of(found), 100).get_page(request.GET.get("page"))
    page = {
        "household": found,
        "statuses": found.statuses.select_related("proposed_by").order_by("starts_on", "pk"),
        "memberships": found.memberships.select_related("cooperative").order_by("starts_on", "pk"),
        "changes": found.changes.select_related("by", "cooperative")[:20],
        "may_reveal": has_role(request.user, *REVEALS),
        "mergers": found.mergers.select_related("into").order_by("merged_on"),
        "lots": trace.lots_of(found),
        "credits": credits,
        "page_numbers": list(credits.paginator.get_elided_page_range(credits.number)),
        "total": trace.totals_of(found),
    }
    return render(request, "officials/household.html", page)
