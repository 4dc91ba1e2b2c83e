"""Pages for everybody: where the goods of a parcel are from, and what a half-year's sales did."""

import datetime as dt
import re

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.cache import get_conditional_response, patch_cache_control, patch_vary_headers
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from logistics.models import Shipment
from suppliers.base import days
from suppliers.base.access import everybody

from . import charts, origin, public

CODE = re.compile(r"[0-9A-HJKMNP-TV-Z]{10}", re.ASCII)
TRACE_KEPT_SECONDS = 60


@everybody
@require_safe
def find(request: HttpRequest) -> HttpResponse:
    """Where the code on a parcel is typed by who cannot scan it."""
    typed = request.GET.get("code", "")[:60]
    code = origin.written(typed)
    if CODE.fullmatch(code):
        return redirect("trace", code=code)
    return render(request, "trace/find.html", {"typed": typed.replace("\x00", ""), "is_wrong": bool(typed.strip())})


@everybody
@require_safe
def trace(request: HttpRequest, code: str) -> HttpResponse:
    """What the QR on a parcel leads to."""
    code = origin.written(code[:60])
    found = cache.get(f"trace-{code}") if CODE.fullmatch(code) else None
    if found is None and CODE.fullmatch(code):
        shipment = (
            Shipment.objects.filter(trace_code=code).select_related("carrier", "cooperative__village__township").first()
        )
        if shipment:
            found = shipment, origin.goods_of(shipment)
            cache.set(f"trace-{code}", found, TRACE_KEPT_SECONDS)
    if found is None:
        return render(request, "trace/find.html", {"typed": code, "is_unknown": True}, status=404)
    shipment, goods = found
    page = {
        "shipment": shipment,
        "cooperative": shipment.cooperative,
        "goods": goods,
        "first_bought": min((one.bought_from for one in goods if one.bought_from), default=None),
        "last_bought": max((one.bought_to for one in goods if one.bought_to), default=None),
        "days_on_the_way": ((shipment.received_on or days.today()) - shipment.dispatched_on).days,
        "few": origin.FEW,
    }
    response = render(request, "trace/parcel.html", page)
    patch_cache_control(response, private=True, max_age=TRACE_KEPT_SECONDS)
    return response


@everybody
@require_safe
def impact(request: HttpRequest) -> HttpResponse:
    """The public figures of a half-year: the one asked for, else this one, else the last in which something was sold."""
    state = public.version()
    there = public.halves(state)
    asked = request.GET.get("half", "")
    half = asked if asked in there else there[0] if there else None
    page = {"halves": [(one, public.half_name(one)) for one in there], "half": half}
    if half:
        figures = public.figures(half, state)
        page |= {
            "name": public.half_name(half),
            "figures": figures,
            "totals": figures["totals"],
            "state": state,
            "cut_off": dt.datetime.fromisoformat(figures["cut_off"]),
            **public.shapes(figures),
        }
    return render(request, "impact/impact.html", page)


@everybody
@require_safe
def impact_data(request: HttpRequest) -> HttpResponse:
    """The same figures as JSON, for whoever wants to count with them."""
    state = public.version()
    there = public.halves(state)
    half = request.GET.get("half") or (there[0] if there else "")
    etag = f'"{half}-{state}"'
    if half not in there:
        response = JsonResponse({"schema": public.SCHEMA, "error": "no such half-year", "halves": there}, status=404)
    else:
        response = get_conditional_response(request, etag=etag)
        if response is None:
            figures = public.figures(half, state) | {"halves": there}
            response = JsonResponse(figures, json_dumps_params={"ensure_ascii": False})
            response["Content-Disposition"] = f'inline; filename="wuxi-direct-impact-{half}.json"'
        response["ETag"] = etag
        patch_cache_control(response, public=True, max_age=60)
    response["Access-Control-Allow-Origin"] = "*"
    return response


@everybody
@require_safe
def impact_months(request: HttpRequest) -> HttpResponse:
    """Sales and households helped, month by month, as a picture."""
    state = public.version()
    there = public.halves(state)
    half = request.GET.get("half", "")
    if half not in there:
        return HttpResponse(status=404)
    points = public.points(public.figures(half, state))
    response = HttpResponse(charts.months(points, is_narrow="narrow" in request.GET), content_type="image/svg+xml")
    response["Content-Language"] = get_language()
    patch_vary_headers(response, ["Cookie", "Accept-Language"])
    patch_cache_control(response, private=True, max_age=300)
    return response
