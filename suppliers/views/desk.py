"""At which cooperative's desk somebody sits who works for several."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from ..base.access import CHOSEN, cooperative_required


@cooperative_required
@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    code = request.POST.get("code", "")
    if code not in {cooperative.code for cooperative in request.cooperatives}:
        raise Http404
    request.session[CHOSEN] = code
    return redirect("logistics:home")
