"""Reviews of produce, and the photos of reviews and claims, each for whom it is meant for."""

from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from shop.catalogue import shelf
from shop.customer.views import of_buyer
from suppliers.base.access import everybody
from suppliers.models import Cooperative

from ..models import Photo, Review

ON_A_PAGE = 20


@everybody
@require_safe
def reviews(request: HttpRequest, pk: int) -> HttpResponse:
    """All reviews of what is on sale."""
    produce = get_object_or_404(shelf.on_sale(), pk=pk)
    shown = Review.objects.shown().filter(produce=produce)
    page = Paginator(shown.prefetch_related("photos"), ON_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "aftersales/reviews.html", {"produce": produce, "page": page, "review_sums": shown.sums()})


@everybody
@require_safe
def photo(request: HttpRequest, name: str) -> HttpResponse:
    """A photo of a review that is shown: everybody's. One of a claim: the cooperative's and the county's."""
    found = _photo(name)
    if found.review_id:
        is_shown = found.review.hidden_at is None
        return _jpeg(found, is_public=is_shown) if is_shown or request.user.is_staff else _nowhere()
    own = Cooperative.objects.visible_to(request.user).filter(pk=found.claim.line.cooperative_id)
    return _jpeg(found, is_public=False) if own.exists() else _nowhere()


@everybody
@require_safe
def own_photo(request: HttpRequest, token: str, name: str) -> HttpResponse:
    """A photo that the buyer of this order sent."""
    sale = of_buyer(request, token)
    found = _photo(name, Q(claim__line__sale=sale) | Q(review__line__sale=sale))
    return _jpeg(found, is_public=False)


def _photo(name: str, *of: Q) -> Photo:
    """The photo of this name, with its bytes. Raises Http404."""
    photos = Photo.objects.defer(None).select_related("review", "claim__line")
    return get_object_or_404(photos, *of, name=name[:40])


def _nowhere():
    raise Http404


def _jpeg(found: Photo, *, is_public: bool) -> HttpResponse:
    answer = HttpResponse(bytes(found.content), content_type="image/jpeg")
    # A review may be hidden any day, so nobody keeps its photos long; a claim's are kept by nobody in between.
    answer["Cache-Control"] = "public, max-age=3600" if is_public else "private, max-age=3600"
    return answer
