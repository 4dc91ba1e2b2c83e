"""The officials' pages of the subsidy: programmes, awards, and the settlements with their queues."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Count, Q, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from logistics import actions
from logistics.models import Award, Envelope, ProgrammeVersion, Settlement, SubsidyProgramme
from suppliers.base import days
from suppliers.base.access import READS_EVIDENCE, READS_REPORT, has_role, role_required
from suppliers.models import Cooperative

from .forms import VersionForm

ROWS = 100
# Only county staff move money: `role_required` lets them in everywhere, and with no role named, them alone.
COUNTY_STAFF: tuple[str, ...] = ()


@require_safe
@role_required(*READS_REPORT)
def subsidy(request: HttpRequest) -> HttpResponse:
    programmes = SubsidyProgramme.objects.prefetch_related("versions__envelopes__settlement")
    # One grouped query for all versions: what their awards come to, by state.
    sums = {
        row["version"]: row
        for row in Award.objects.live()
        .order_by()
        .values("version")
        .annotate(
            n=Count("pk", filter=~Q(rule="")),
            refused=Count("pk", filter=Q(rule="")),
            provisional_fen=Sum("kept_fen", filter=Q(state="provisional"), default=0),
            settled_fen=Sum("settled_fen", default=0),
            deferred_fen=Sum("deferred_fen", default=0),
        )
    }
    page = {
        "programmes": [
            {"programme": programme, "versions": [(v, sums.get(v.pk)) for v in programme.versions.all()]}
            for programme in programmes
        ],
        "today": days.today(),
        "reads_evidence": has_role(request.user, *READS_EVIDENCE),
    }
    return render(request, "officials/subsidy.html", page)


@require_safe
@role_required(*READS_REPORT)
def version(request: HttpRequest, code: str, number: int) -> HttpResponse:
    found = get_object_or_404(ProgrammeVersion.objects.select_related("programme"), programme__code=code, number=number)
    page = {
        "version": found,
        "terms": found.rules,
        "raw": found.terms,
    }
    return render(request, "officials/version.html", page)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(*COUNTY_STAFF)
def new_version(request: HttpRequest, code: str) -> HttpResponse:
    programme = get_object_or_404(SubsidyProgramme, code=code)
    form = VersionForm(request.POST or None, programme=programme)
    if request.method == "POST" and form.is_valid() and (opened := form.save()):
        messages.success(request, _("Version %(number)s is written.") % {"number": opened.number})
        return redirect("officials:version", code=code, number=opened.number)
    return render(
        request,
        "officials/version_new.html",
        {"programme": programme, "form": form},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(*READS_EVIDENCE)
def settlement(request: HttpRequest, envelope_id: int) -> HttpResponse:
    """The settlement of an envelope. County staff post action=preview to see its queue, and action=settle to pay it."""
    envelope = get_object_or_404(Envelope.objects.select_related("version__programme"), pk=envelope_id)
    page = {
        "envelope": envelope,
        "version": envelope.version,
        "is_over": envelope.ends_on < days.today(),
    }
    if request.method == "POST":
        if not has_role(request.user, *COUNTY_STAFF):
            messages.error(request, _("Only county staff settle."))
            return redirect("officials:settlement", envelope_id=envelope_id)
        period = {
            "programme": envelope.version.programme.code,
            "starts": envelope.starts_on,
            "ends": envelope.ends_on,
        }
        try:
            if request.POST.get("action") == "settle":
                actions.settle(**period, by=request.user)
                messages.success(request, _("The period is settled."))
                return redirect("officials:settlement", envelope_id=envelope_id)
            page["preview"] = _preview(**period)
        except ValidationError as error:
            page["errors"] = error.messages
    found = Settlement.objects.filter(envelope=envelope).select_related("by").first()
    if found:
        items = Paginator(
            found.items.select_related("award__shipment__cooperative__village__township").order_by("rank"), ROWS
        ).get_page(request.GET.get("page"))
        page |= {
            "settlement": found,
            "items": items,
            "page_numbers": list(items.paginator.get_elided_page_range(items.number)),
            "sums": found.items.aggregate(
                n=Count("pk"),
                payable=Sum("payable_fen", default=0),
                paid=Sum("paid_fen", default=0),
                deferred=Sum("deferred_fen", default=0),
                cut=Sum("cut_fen", default=0),
            ),
            "by_cooperative": found.items.order_by()
            .values("award__shipment__cooperative__code", "award__shipment__cooperative__name")
            .annotate(n=Count("pk"), paid=Sum("paid_fen"), deferred=Sum("deferred_fen"), cut=Sum("cut_fen"))
            .order_by("award__shipment__cooperative__code"),
        }
    return render(request, "officials/settlement.html", page)


def _preview(**period) -> dict:
    """What a settlement would pay now: its sums, and the queue's head."""
    queue = actions.preview(**period)
    return {
        "n": len(queue),
        "payable": sum(queued.candidate.fen for queued, _paid in queue),
        "paid": sum(paid.paid_fen for _queued, paid in queue),
        "deferred": sum(paid.deferred_fen for _queued, paid in queue),
        "cut": sum(paid.cut_fen for _queued, paid in queue),
        "rows": [(rank, queued, paid) for rank, (queued, paid) in enumerate(queue[:ROWS], start=1)],
    }


@require_safe
@role_required(*READS_EVIDENCE)
def awards(request: HttpRequest) -> HttpResponse:
    rows = Award.objects.live().select_related(
        "shipment__cooperative", "shipment__consignment__order", "programme", "version"
    )
    cooperatives, tiers = list(Cooperative.objects.order_by("code")), ["A", "B", "C", "D"]
    choices = {
        "state": ("state", Award.State.values),
        "cooperative": ("shipment__cooperative__code", [c.code for c in cooperatives]),
        "tier": ("tier", tiers),
    }
    chosen = {}
    for name, (path, values) in choices.items():
        if (value := request.GET.get(name)) in values:
            chosen[name] = value
            rows = rows.filter(**{path: value})
    shown = Paginator(rows.order_by("-shipment__dispatched_on", "-pk"), ROWS).get_page(request.GET.get("page"))
    page = {
        "awards": shown,
        "page_numbers": list(shown.paginator.get_elided_page_range(shown.number)),
        "sums": rows.aggregate(
            n=Count("pk"),
            assessed=Sum("assessed_fen", default=0),
            kept=Sum("kept_fen", default=0),
            settled=Sum("settled_fen", default=0),
        ),
        "chosen": chosen,
        "states": [choice for choice in Award.State.choices if choice[0] != Award.State.VOID],
        "cooperatives": cooperatives,
        "tiers": tiers,
    }
    return render(request, "officials/awards.html", page)
