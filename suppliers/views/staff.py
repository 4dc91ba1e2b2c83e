"""Who works for a cooperative, and what each may do: its owners' page."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from .. import joining
from ..base import days
from ..base.access import OWNER, cooperative_required
from ..base.fields import put_errors
from ..forms_joining import ROLE_CHOICES, InvitationForm
from ..models import CooperativeStaff, Invitation


def _posts(request: HttpRequest):
    posts = CooperativeStaff.objects.on(days.today()).filter(cooperative=request.cooperative)
    return posts.select_related("user", "cooperative").order_by("starts_on", "pk")


@cooperative_required(OWNER)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def staff(request: HttpRequest) -> HttpResponse:
    """Everybody who works here, and open invitations; a POST invites somebody."""
    form = InvitationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            joining.invite(cooperative=request.cooperative, by=request.user, **form.cleaned_data)
        except ValidationError as error:
            put_errors(form, error, {})
        else:
            messages.success(
                request, _("Invited. Tell the person to sign in here with this number or address within thirty days.")
            )
            return redirect("suppliers:staff")
    context = {
        "posts": _posts(request),
        "invitations": Invitation.objects.open().filter(cooperative=request.cooperative),
        "form": form,
        "roles": ROLE_CHOICES,
        "address": request.build_absolute_uri("/join/invitations/"),
    }
    return render(request, "cooperative/staff.html", context)


@cooperative_required(OWNER)
@require_POST
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """Give somebody another role, or (`end`) end the post."""
    post = get_object_or_404(_posts(request), pk=pk)
    try:
        if "end" in request.POST:
            joining.end_post(post=post, by=request.user)
            messages.success(request, _("The post has ended. This person cannot open your pages any more."))
        else:
            joining.change_role(post=post, role=request.POST.get("role", ""), by=request.user)
            messages.success(request, _("The role is changed."))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    except joining.AlreadyDecided:
        messages.info(request, _("This post had ended already. Nothing was changed."))
    # Who has ended his own post finds the way to the shop.
    still_owner = _posts(request).filter(user=request.user, role=OWNER).exists() or request.user.is_staff
    return redirect("suppliers:staff" if still_owner else "home")


@cooperative_required(OWNER)
@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an invitation back."""
    invitation = get_object_or_404(Invitation.objects.standing().filter(cooperative=request.cooperative), pk=pk)
    try:
        joining.withdraw_invitation(invitation=invitation)
    except joining.AlreadyDecided:
        messages.info(request, _("It was accepted already."))
    else:
        messages.success(request, _("The invitation is taken back."))
    return redirect("suppliers:staff")


@cooperative_required(OWNER)
@require_http_methods(["GET", "HEAD", "POST"])
def grower_price(request: HttpRequest) -> HttpResponse:
    """Whether everybody may see what this cooperative pays to growers."""
    if request.method == "POST":
        shows = request.POST.get("shows") == "yes"
        joining.show_grower_price(cooperative=request.cooperative, shows=shows, by=request.user)
        messages.success(
            request, _("Buyers see what growers are paid.") if shows else _("Buyers do not see what growers are paid.")
        )
        return redirect("suppliers:grower_price")
    return render(request, "cooperative/grower_price.html")
