"""Pages about the shop itself: help, who runs it, and, where it is developed, its style guide."""

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from suppliers.base import days
from suppliers.base.access import everybody
from suppliers.models import Cooperative

from .catalogue import almanac, inventory, season, shelf
from .shipping import freight


@everybody
@require_safe
def help_page(request: HttpRequest) -> HttpResponse:
    """How to reach somebody, and what is asked most often."""
    return render(
        request,
        "info/help.html",
        {"contact": settings.SHOP_CONTACT, "shandong": freight.SHANDONG, "inland": freight.INLAND, "far": freight.FAR},
    )


@everybody
@require_safe
def licence(request: HttpRequest) -> HttpResponse:
    """Whose shop it is (亮照), and the cooperatives that sell in it."""
    sellers = Cooperative.objects.filter(produce__in=shelf.on_sale()).distinct()
    return render(request, "info/licence.html", {"sellers": sellers.select_related("village__township")})


@everybody
@require_safe
def styleguide(request: HttpRequest) -> HttpResponse:
    """Every component in each of its states. There is no such page outside of development."""
    if not settings.DEBUG:
        raise Http404
    today = days.today()
    wares = shelf.on_cards(inventory.offers(today)[:40], today)
    seen: dict[tuple, shelf.Ware] = {}
    for ware in wares:
        seen.setdefault((ware.state, ware.is_sold_out, ware.is_all_year, ware.is_for_institutions), ware)
    return render(
        request,
        "info/styleguide.html",
        {
            "colours": _colours(),
            "wares": list(seen.values()),
            "ware": wares[0] if wares else None,
            "strip": almanac.strip("11-15", "01-31"),
            "today": today,
            "today_at": almanac.place(today),
            "term": season.term_of(today),
            "sample": _Sample({"name": "王女士", "mobile": "1380", "city": "370900"}, auto_id="guide-%s"),
            "steps": [_("Placed"), _("Being packed"), _("On its way"), _("Received")],
            "impact": {
                "label": "2026年下半年",
                "sales_yuan_wan": "606.77",
                "paid_yuan_wan": "226.38",
                "households": "1,432",
                "villages": "48",
                "url": "",
            },
        },
    )


class _Sample(forms.Form):
    """A field in each of its states."""

    name = forms.CharField(label="CharField")
    mobile = forms.RegexField(r"^1\d{10}$", label="RegexField", help_text="help_text")
    note = forms.CharField(label="CharField", required=False)
    city = forms.ChoiceField(label="ChoiceField", choices=[("370900", "泰安市")])
    gone = forms.CharField(label="CharField, disabled", disabled=True, initial="泰安市")
    is_agreed = forms.BooleanField(label="BooleanField")


def _colours() -> list[str]:
    return [
        "paper", "paper-deep", "leaf", "ink", "ink-soft", "line", "line-strong", "river", "river-deep", "river-mist",
        "peach", "peach-mist", "persimmon", "honey", "honey-mist", "alarm", "alarm-mist",
    ]  # fmt: skip
