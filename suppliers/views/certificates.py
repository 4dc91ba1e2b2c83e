"""The papers of a cooperative: its own list, and each for whoever looks at the product that it speaks of."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from .. import certificates
from ..base import days
from ..base.access import OWNER, SELLER, cooperative_required, everybody
from ..base.fields import put_errors
from ..forms_certificates import CertificateForm
from ..models import Certificate, Cooperative

ON_A_PAGE = 30


@cooperative_required(OWNER, SELLER)
@never_cache
@require_safe
def papers(request: HttpRequest) -> HttpResponse:
    """What stands, those first that run out first."""
    own = Certificate.objects.standing().filter(cooperative=request.cooperative)
    own = own.select_related("produce", "batch").order_by("expires_on", "pk")
    context = {"page": Paginator(own, ON_A_PAGE).get_page(request.GET.get("page"))}
    return render(request, "cooperative/certificates.html", context)


@cooperative_required(OWNER, SELLER)
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    form = CertificateForm(request.POST or None, request.FILES or None, cooperative=request.cooperative)
    if request.method == "POST" and form.is_valid():
        try:
            certificates.add(cooperative=request.cooperative, paper=form.paper, by=request.user)
        except ValidationError as error:
            put_errors(form, error, {})
        else:
            messages.success(request, _("The paper is added. It stands beside the product now."))
            return redirect("suppliers:certificates")
    return render(request, "cooperative/certificate_new.html", {"form": form})


@cooperative_required(OWNER, SELLER)
@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    own = get_object_or_404(Certificate.objects.standing().filter(cooperative=request.cooperative), pk=pk)
    certificates.withdraw(certificate=own, by=request.user)
    messages.success(request, _("The paper is taken back. It is shown nowhere any more."))
    return redirect("suppliers:certificates")


@everybody
@require_safe
def look(request: HttpRequest, pk: int) -> HttpResponse:
    """The paper itself: everybody's while it is valid, else its cooperative's and the county's."""
    valid = Certificate.objects.valid_on(days.today()).values("pk")
    own = Cooperative.objects.visible_to(request.user).values("pk")
    found = get_object_or_404(Certificate.objects.defer(None), Q(pk__in=valid) | Q(cooperative__in=own), pk=pk)
    if not found.content:
        raise Http404
    answer = HttpResponse(bytes(found.content), content_type=found.content_type)
    if found.content_type == Certificate.PDF:
        # Nobody has read what is in it: it is kept as a file, and never runs as a page of ours.
        answer["Content-Disposition"] = f'attachment; filename="certificate-{found.pk}.pdf"'
        answer["Content-Security-Policy"] = "sandbox; default-src 'none'"
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "private, no-cache"
    return answer
