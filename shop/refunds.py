"""County staff give money back: look at an order, say how much of which line, see what will follow, then do it."""

import secrets
from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from suppliers.base import days
from suppliers.base.access import role_required
from suppliers.base.fields import AmountField, DayField, PlainCharField, put_errors
from suppliers.base.money import fen_of, yuan_of

from . import orders
from .models import Sale, SaleLine


@dataclass(frozen=True)
class Asked:
    """A line of the order with its two fields."""

    line: SaleLine
    kg: forms.BoundField
    yuan: forms.BoundField


class RefundForm(forms.Form):
    """How much of each line, and of the freight, is given back, why and on which day."""

    reason = PlainCharField(
        label=gettext_lazy("Reason"),
        max_length=200,
        error_messages={"required": gettext_lazy("Write why the money is given back; the buyer reads it.")},
    )
    on = DayField(label=gettext_lazy("Day of the refund"))
    freight = AmountField(label=gettext_lazy("Freight (yuan)"), required=False, min_value=0)
    key = forms.CharField(max_length=40, widget=forms.HiddenInput)

    def __init__(self, *args, sale: Sale, **kwargs):
        super().__init__(*args, **kwargs)
        self.sale = sale
        self.lines = list(sale.lines.select_related("line", "produce", "cooperative").order_by("pk"))
        for line in self.lines:
            self.fields[f"kg_{line.pk}"] = AmountField(
                label=gettext_lazy("Weight (kg)"), required=False, min_value=0, decimal_places=3
            )
            self.fields[f"yuan_{line.pk}"] = AmountField(
                label=gettext_lazy("Amount (yuan)"), required=False, min_value=0
            )

    @property
    def asked(self) -> list[Asked]:
        return [Asked(line, self[f"kg_{line.pk}"], self[f"yuan_{line.pk}"]) for line in self.lines]

    def clean(self) -> dict:
        given = super().clean()
        for line in self.lines:
            g, fen = self._grams(line), self._fen(line)
            if fen > line.net_fen:
                self.add_error(
                    f"yuan_{line.pk}",
                    _("Of this line %(yuan)s yuan are left to give back.") % {"yuan": yuan_of(line.net_fen)},
                )
            if g > line.kept_g:
                self.add_error(
                    f"kg_{line.pk}",
                    _("Of this line %(kg)s kg are left.") % {"kg": f"{line.kept_g / 1000:g}"},
                )
            if g and not fen:
                self.add_error(f"yuan_{line.pk}", _("Write how much money goes back for this weight."))
            if fen == line.net_fen and fen and g < line.kept_g:
                self.add_error(f"kg_{line.pk}", _("A refund in full takes back the whole weight."))
        if not self.errors and not self.parts() and not given.get("freight"):
            raise ValidationError(_("Write at least one amount."))
        return given

    def _grams(self, line: SaleLine) -> int:
        return int((self.cleaned_data.get(f"kg_{line.pk}") or 0) * 1000)

    def _fen(self, line: SaleLine) -> int:
        return fen_of(self.cleaned_data.get(f"yuan_{line.pk}") or yuan_of(0))

    def parts(self) -> list[orders.GiveBack]:
        """What of each line is given back, where anything is."""
        return [
            orders.GiveBack(line.pk, g=self._grams(line), fen=self._fen(line)) for line in self.lines if self._fen(line)
        ]

    def refunding(self, *, by) -> orders.Refunding:
        return orders.Refunding(
            key=f"{self.sale.order.number}-{self.cleaned_data['key']}",
            sale_id=self.sale.pk,
            lines=self.parts(),
            freight_fen=fen_of(self.cleaned_data["freight"] or yuan_of(0)),
            on=self.cleaned_data["on"],
            reason=self.cleaned_data["reason"],
            by=by,
        )


@role_required()  # county staff alone: they hold every role, and no role but theirs opens this page
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def refund(request: HttpRequest, number: str) -> HttpResponse:
    """Give back money of one order. The first post shows what will happen, the second does it; a third changes nothing."""
    if not request.user.is_staff:
        raise Http404
    sale = get_object_or_404(Sale.objects.select_related("order"), order__number=number, paid_on__isnull=False)
    if request.method == "POST":
        form = RefundForm(request.POST, sale=sale)
        if form.is_valid() and "confirmed" in request.POST:
            try:
                orders.refund(refunds=[form.refunding(by=request.user)])
            except ValidationError as error:
                put_errors(form, error, {"freight_fen": "freight"})
            else:
                messages.success(request, _("The money is given back, and the sale and its credits are reversed."))
                return redirect("officials:order", number=number)
    else:
        form = RefundForm(initial={"key": secrets.token_hex(8), "on": days.today()}, sale=sale)
    ready = form.is_bound and form.is_valid()
    total_fen = sum(part.fen for part in form.parts()) if ready else 0
    freight_fen = fen_of(form.cleaned_data["freight"] or yuan_of(0)) if ready else 0
    return render(
        request,
        "officials/refund.html",
        {
            "sale": sale,
            "form": form,
            "is_ready": ready,
            "goods_fen": total_fen,
            "total_fen": total_fen + freight_fen,
        },
    )
