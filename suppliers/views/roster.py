"""The households that deliver to a cooperative."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from .. import actions
from ..base import days
from ..base.access import OWNER, SELLER, cooperative_required
from ..base.fields import plain, put_errors
from ..forms import HouseholdForm
from ..models import Household

ON_A_PAGE = 50


@cooperative_required(OWNER, SELLER)
def households(request: HttpRequest) -> HttpResponse:
    own = Household.objects.members_of(request.cooperative, on=days.today()).with_category(days.today())
    # Posted: an address with a name in it would stand in every log.
    sought = plain(request.POST.get("q", ""))
    shown = own.select_related("village__township")
    if sought:
        # Names are encrypted, so the database cannot look for them.
        shown = [
            household
            for household in shown
            if sought.upper() in household.household_no.upper() or sought in (household.head, household.masked_head)
        ]
    context = {
        "page": Paginator(shown, max(len(shown), 1) if sought else ON_A_PAGE).get_page(request.GET.get("page")),
        "q": sought,
        "members": own.count(),
        "registered": own.counted_on(days.today()).count(),
    }
    return render(request, "cooperative/households.html", context)


@cooperative_required(OWNER, SELLER)
def register(request: HttpRequest) -> HttpResponse:
    form = HouseholdForm(request.POST or None, cooperative=request.cooperative)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data.copy()
        member_from = data.pop("member_from")
        try:
            household, is_new = actions.register_household(
                registration=actions.Registration(**data), cooperative=request.cooperative, member_from=member_from
            )
        except ValidationError as error:
            put_errors(form, error, {})
        else:
            said = (
                _("Household %(no)s is a member now.")
                if is_new
                else _(
                    "This household was known under the number %(no)s. It is a member now; nothing was written twice."
                )
            )
            messages.success(request, said % {"no": household.household_no})
            return redirect("suppliers:households")
    return render(request, "cooperative/household_new.html", {"form": form})
