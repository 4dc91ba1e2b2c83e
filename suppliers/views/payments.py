"""What a cooperative owes its households: runs, files for the bank, what was paid, accounts and papers."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Count, Q, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from .. import papers, payments, roster
from ..base import days, paper
from ..base.access import OWNER, cooperative_required
from ..base.fields import ids, put_errors
from ..base.money import price_of
from ..forms_payments import BankFileForm, PaidForm, PeriodForm
from ..models import CooperativeStaff, Household, Payment, PaymentRun, PurchaseLot
from .roster import own_household

RUNS_SHOWN = 20
ENTRIES_ON_A_PAGE = 50
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _is_owner(request: HttpRequest) -> bool:
    posts = CooperativeStaff.objects.on(days.today()).filter(user=request.user, cooperative=request.cooperative)
    return posts.filter(role=CooperativeStaff.Role.OWNER).exists()


@cooperative_required(OWNER)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def owed(request: HttpRequest) -> HttpResponse:
    """Who is owed what. Posted are the households chosen: what they would get is shown first, then made into a run."""
    cooperative = request.cooperative
    lots = payments.owed(cooperative)
    if request.method == "POST":
        if "lots" in request.POST:
            chosen = set(ids(request.POST["lots"].split(","))) - set(ids(request.POST.getlist("without")))
        elif request.POST.get("all"):
            chosen = set(lots.values_list("pk", flat=True)[: payments.MOST_SLIPS])
        else:
            homes = ids(request.POST.getlist("household"))
            chosen = set(lots.filter(household__in=homes).values_list("pk", flat=True))
        if request.POST.get("confirmed"):
            try:
                run = payments.make_run(cooperative=cooperative, lots=chosen, by=request.user)
            except ValidationError as error:
                messages.error(request, " ".join(error.messages))
                return redirect("suppliers:payments")
            messages.success(request, _("Run %(no)s is made.") % {"no": run.run_no})
            return redirect("suppliers:payment_run", run_no=run.run_no)
        found = payments.dues(cooperative, lots.filter(pk__in=chosen))
        if not found:
            messages.info(request, _("Choose at least one household."))
            return redirect("suppliers:payments")
        context = {
            "dues": found,
            "lots": ",".join(str(lot.pk) for due in found for lot in due.lots),
            "slips": sum(len(due.lots) for due in found),
            "fen": sum(due.fen for due in found),
            "cash_fen": sum(due.fen for due in found if not due.has_account),
        }
        return render(request, "cooperative/payment_preview.html", context)
    found = payments.dues(cooperative, lots)
    runs = cooperative.payment_runs.annotate(fen=Sum("payments__fen", default=0), **_counts())
    context = {
        "dues": found,
        "fen": sum(due.fen for due in found),
        "unverified_fen": sum(due.unverified_fen for due in found),
        "runs": runs.order_by("-made_at", "-pk")[:RUNS_SHOWN],
    }
    return render(request, "cooperative/payments.html", context)


def _counts() -> dict:
    waiting = Q(payments__state=Payment.State.WAITING)
    paid = Q(payments__state__in=(Payment.State.BANK, Payment.State.CASH))
    return {"waiting": Count("payments", filter=waiting), "paid": Count("payments", filter=paid)}


@cooperative_required(OWNER)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def run(request: HttpRequest, run_no: str) -> HttpResponse:
    """A run: who gets what, the file for the bank, what is paid and what is not."""
    found = get_object_or_404(PaymentRun, cooperative=request.cooperative, run_no=run_no)
    form = PaidForm()
    if request.method == "POST":
        what = request.POST.get("what", "")
        try:
            if what == "cancel":
                payments.cancel_run(run=found, by=request.user)
                messages.success(request, _("The run is cancelled. Its slips are owed again."))
                return redirect("suppliers:payments")
            if what == "failed":
                done = payments.mark_failed(
                    run=found,
                    payments=ids(request.POST.getlist("payment")),
                    why=request.POST.get("why", ""),
                    by=request.user,
                )
                _say(request, ngettext("%(n)s is owed again.", "%(n)s are owed again.", done) % {"n": done}, done)
                return redirect("suppliers:payment_run", run_no=run_no)
            if what in ("paid", "all"):
                form = PaidForm(request.POST)
                chosen = None if what == "all" else ids(request.POST.getlist("payment"))
                if form.is_valid():
                    done = payments.mark_paid(run=found, payments=chosen, by=request.user, **form.cleaned_data)
                    _say(request, ngettext("%(n)s is paid.", "%(n)s are paid.", done) % {"n": done}, done)
                    return redirect("suppliers:payment_run", run_no=run_no)
        except ValidationError as error:
            if form.is_bound:
                put_errors(form, error, {})
            else:
                messages.error(request, " ".join(error.messages))
    rows = list(found.payments.select_related("household__village").annotate(slip_count=Count("slips")))
    accounts = payments.accounts_of(request.cooperative, [row.household_id for row in rows])
    for row in rows:
        row.account = roster.masked("bank_account", accounts.get(row.household_id, ""))
    waiting = [row for row in rows if row.state == Payment.State.WAITING]
    context = {
        "run": found,
        "rows": rows,
        "fen": sum(row.fen for row in rows),
        "waiting": waiting,
        "waiting_fen": sum(row.fen for row in waiting),
        "without_account": [row for row in waiting if not row.account],
        "to_bank": [row for row in waiting if row.account],
        "paid_fen": sum(row.fen for row in rows if row.state in (Payment.State.BANK, Payment.State.CASH)),
        "can_cancel": not found.cancelled_at and len(waiting) and not any(row.paid_on for row in rows),
        "is_owner": _is_owner(request),
        "form": form,
    }
    return render(request, "cooperative/payment_run.html", context)


def _say(request: HttpRequest, said: str, done: int) -> None:
    if done:
        messages.success(request, said)
    else:
        messages.info(request, _("Nothing was changed: choose households of this run that wait to be paid."))


@cooperative_required(OWNER)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def bank_file(request: HttpRequest, run_no: str) -> HttpResponse:
    """The file for the bank: full names and accounts, so for the owner alone and for a reason; only the post makes it."""
    found = get_object_or_404(PaymentRun, cooperative=request.cooperative, run_no=run_no)
    if not _is_owner(request):
        raise Http404
    form = BankFileForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            lines = payments.transfers(run=found, why=form.cleaned_data["why"], by=request.user)
        except ValidationError as error:
            put_errors(form, error, {})
        else:
            kind = form.cleaned_data["kind"]
            # Made in memory, handed over, kept nowhere.
            content = papers.bank_xlsx(lines) if kind == "xlsx" else papers.bank_csv(lines)
            return _file(content, XLSX if kind == "xlsx" else "text/csv; charset=gbk", f"{found.run_no}.{kind}")
    return render(request, "cooperative/bank_file.html", {"run": found, "form": form})


def _file(content: bytes, content_type: str, name: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store, private"}
    return HttpResponse(content, content_type=content_type, headers=headers)


# ── A household's account, and papers ────────────────────────────────────────────────────────────────────────────────


def _slips(request: HttpRequest, household: Household):
    return PurchaseLot.objects.filter(household=household, produce__cooperative=request.cooperative)


@cooperative_required(OWNER)
@never_cache
@require_safe
def account(request: HttpRequest, household_no: str) -> HttpResponse:
    """A household's account: each slip and each payment with the balance after it, the latest first."""
    household = own_household(request, household_no)
    entries = payments.account(_slips(request, household))
    context = {
        "household": household,
        "balance_fen": entries[-1].balance_fen if entries else 0,
        "page": Paginator(entries[::-1], ENTRIES_ON_A_PAGE).get_page(request.GET.get("page")),
        "form": PeriodForm(),
    }
    return render(request, "cooperative/account.html", context)


@cooperative_required(OWNER)
@require_safe
def statement(request: HttpRequest, household_no: str) -> HttpResponse:
    """The statement of a household over some days, to print (`?starts=…&ends=…&size=a5`)."""
    household = own_household(request, household_no)
    form = PeriodForm(request.GET if {"starts", "ends"} <= request.GET.keys() else None)
    size = request.GET.get("size", "a4")
    if not form.is_valid() or form.cleaned_data["ends"] < form.cleaned_data["starts"]:
        messages.error(request, _("Write the first and the last day, in this order."))
        return redirect("suppliers:account", household_no=household_no)
    starts, ends = form.cleaned_data["starts"], form.cleaned_data["ends"]
    made = papers.statement(
        household=household,
        cooperative=request.cooperative,
        lots=_slips(request, household).filter(bought_on__gte=starts, bought_on__lte=ends),
        period=f"{starts} – {ends}",
        size=size if size in papers.SIZES else "a4",
    )
    return paper.answer(made, name=f"statement-{household.household_no}")


@cooperative_required(OWNER)
@require_safe
def voucher(request: HttpRequest, pk: int) -> HttpResponse:
    """The voucher of a purchase slip, to print and to sign."""
    own = PurchaseLot.objects.filter(produce__cooperative=request.cooperative)
    lot = get_object_or_404(own.select_related("produce__cooperative", "household__village__township"), pk=pk)
    made = papers.voucher(lot=lot, cost_fen=price_of(lot.g, lot.fen_per_kg))
    return paper.answer(made, name=f"voucher-{lot.pk}")
