"""A season's account of a cooperative's goods, its signature, and all accounts side by side for those who check them."""

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from suppliers import weighing
from suppliers.base import days
from suppliers.base.access import OWNER, READS_EVIDENCE, SELLER, cooperative_required, role_required
from suppliers.base.fields import AmountField, DayField, PlainCharField, put_errors
from suppliers.forms import JIN, UNITS
from suppliers.models import Produce, SignedAccount
from suppliers.stock import is_owner

from . import stock

SEASONS_BACK = 8


class SignForm(forms.Form):
    """What the owner counted, and why it is not what the books say."""

    names = {"counted_g": "counted"}

    counted = AmountField(label=gettext_lazy("How much is there? (counted)"))
    unit = forms.ChoiceField(
        label=gettext_lazy("Unit of the weight"), choices=UNITS, initial=JIN, widget=forms.RadioSelect
    )
    counted_on = DayField(label=gettext_lazy("Counted on"))
    explained = forms.ChoiceField(
        label=gettext_lazy("If it is not what the books say:"),
        choices=[
            (SignedAccount.Explained.LOST.value, gettext_lazy("less is there: write it off as lost")),
            (SignedAccount.Explained.NOTE.value, gettext_lazy("I explain it in a note")),
        ],
        initial=SignedAccount.Explained.LOST.value,
        widget=forms.RadioSelect,
    )
    note = PlainCharField(label=gettext_lazy("Note"), max_length=200, required=False)

    @property
    def count(self) -> dict:
        data = self.cleaned_data
        return {
            "counted_g": weighing.grams(data["counted"], data["unit"]),
            "counted_on": data["counted_on"],
            "explained": data["explained"],
            "note": data["note"],
        }


@cooperative_required(OWNER, SELLER)
def accounts(request: HttpRequest) -> HttpResponse:
    """The cooperative's goods, each with the account of its running season."""
    produce = Produce.objects.filter(cooperative=request.cooperative).select_related("cooperative")
    return render(request, "cooperative/stock/list.html", {"rows": stock.rows(produce)})


@cooperative_required(OWNER, SELLER)
def account(request: HttpRequest, pk: int, year: int) -> HttpResponse:
    """The account of a season, and the form that signs it."""
    own = Produce.objects.filter(cooperative=request.cooperative).select_related("cooperative")
    produce = get_object_or_404(own, pk=pk)
    current = stock.season_of(produce, days.today()).year
    if not current - SEASONS_BACK <= year <= current:
        raise Http404
    row = stock.rows([produce], year=year)[0]
    form = SignForm(request.POST or None, initial={"counted_on": row.until})
    if request.method == "POST" and form.is_valid():
        try:
            stock.sign(produce=produce, year=year, **form.count, by=request.user)
        except ValidationError as error:
            put_errors(form, error, form.names)
        else:
            messages.success(request, _("Signed. It stays as it is now."))
            return redirect("stock_account", pk=produce.pk, year=year)
    context = {
        "row": row,
        "bar": bar(row),
        "form": form,
        "signatures": SignedAccount.objects.filter(produce=produce, starts_on=row.season.starts_on).select_related(
            "signed_by"
        ),
        "may_sign": row.season.harvest_ends_on <= days.today(),
        "is_owner": is_owner(request.user, request.cooperative),
        "earlier": year - 1 if year > current - SEASONS_BACK else None,
        "later": year + 1 if year < current else None,
    }
    return render(request, "cooperative/stock/account.html", context)


def bar(row: stock.Row) -> list[dict]:
    """Where the goods went, as the parts of a bar of 1000: a name, where it begins and how wide it is."""
    account = row.account
    parts = [
        ("sold", account.sold_g),
        ("elsewhere", account.elsewhere_g),
        ("carried", account.carried_on_g),
        ("graded", account.graded_out_g),
        ("lost", account.lost_g),
        ("left", max(0, account.on_hand_g)),
        ("nobody", account.untraced_g),
    ]
    whole = sum(g for _name, g in parts)
    found, at = [], 0
    for name, g in parts:
        if g:
            ends = at + g
            found.append({"name": name, "x": at * 1000 // whole, "width": ends * 1000 // whole - at * 1000 // whole})
            at = ends
    return found


@role_required(*READS_EVIDENCE)
def all_accounts(request: HttpRequest) -> HttpResponse:
    """The accounts of all cooperatives for the seasons that began in a year, those with flags first."""
    this_year = days.today().year
    years = range(this_year, this_year - SEASONS_BACK - 1, -1)
    asked = request.GET.get("year", "")
    year = int(asked) if asked.isdecimal() and len(asked) == 4 and int(asked) in years else this_year
    produce = Produce.objects.select_related("cooperative").order_by("cooperative__code", "code")
    rows = [row for row in stock.rows(produce, year=year) if not row.account.is_empty]
    flagged = "flagged" in request.GET
    context = {
        "rows": [row for row in rows if row.flags] if flagged else rows,
        "flagged": flagged,
        "flag_count": sum(1 for row in rows if row.flags),
        "year": year,
        "years": years,
    }
    return render(request, "officials/stock.html", context)
