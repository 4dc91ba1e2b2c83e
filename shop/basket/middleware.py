"""Whose basket it is. Looking at a page writes nothing: Oscar's own makes and merges baskets on any page."""

from django.core.signing import BadSignature, Signer
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from oscar.apps.basket import middleware as oscars
from oscar.core.loading import get_model

from shop.catalogue import version

Basket = get_model("basket", "Basket")
ConditionalOffer = get_model("offer", "ConditionalOffer")
Voucher = get_model("voucher", "Voucher")


class BasketMiddleware(oscars.BasketMiddleware):
    def process_response(self, request: HttpRequest, response):
        # Signing in is a POST: there, what was put in as a visitor joins what the account's basket holds.
        if request.method == "POST" and self.get_cookie_key(request) in request.COOKIES and _is_signed_in(request):
            self.get_basket(request).num_items  # noqa: B018  (loads it, and merges)
        return super().process_response(request, response)

    def get_basket(self, request: HttpRequest):
        """The open basket of this request; one that nothing was put into is not saved."""
        version.of(request)  # its lines need it; asked before all else, it saves the health check (version.read)
        if request._basket_cache is None and _is_signed_in(request):
            own = _with_offers(Basket.open.filter(owner=request.user))
            may_write = request.method not in ("GET", "HEAD", "OPTIONS")
            if not (may_write and (self.get_cookie_key(request) in request.COOKIES or own.count() > 1)):
                request._basket_cache = _told(own.order_by("pk").first()) or Basket(owner=request.user)
                request._basket_cache.owner = request.user
        return super().get_basket(request)

    def get_cookie_basket(self, cookie_key: str, request: HttpRequest, manager):
        """The basket that the visitor's cookie names, None where it names none that is open."""
        if cookie_key not in request.COOKIES:
            return None
        try:
            pk = Signer().unsign(request.COOKIES[cookie_key])
            return _told(_with_offers(Basket.open).get(pk=pk, owner=None))
        except (BadSignature, Basket.DoesNotExist):
            request.cookies_to_delete.append(cookie_key)
            return None

    def apply_offers_to_basket(self, request: HttpRequest, basket) -> None:
        if getattr(basket, "may_get_offers", True):
            super().apply_offers_to_basket(request, basket)


# Whether a basket has a voucher, and whether there are offers for everybody: asked with the basket itself, as mostly there
# are neither. Made once; whether an offer runs today is Oscar's to find out.
OFFERS = {
    "has_vouchers": Exists(Basket.vouchers.through.objects.filter(basket=OuterRef("pk"))),
    "has_site_offers": Exists(
        ConditionalOffer.objects.filter(offer_type=ConditionalOffer.SITE, status=ConditionalOffer.OPEN)
    ),
}

NO_VOUCHERS = Voucher.objects.none()  # one for all: Django works out once that there is nothing in it


def _with_offers(baskets) -> QuerySet:
    return baskets.annotate(**OFFERS)


def _told(basket):
    """`basket` (or None), told what `_with_offers` found out, so that Oscar need not ask again, here or when it orders."""
    if basket is not None:
        basket.may_get_offers = basket.has_vouchers or basket.has_site_offers
        if not basket.has_vouchers:
            # As a prefetch that found none would; adding a voucher forgets it.
            basket._prefetched_objects_cache = {"vouchers": NO_VOUCHERS}
    return basket


def _is_signed_in(request: HttpRequest) -> bool:
    return getattr(request, "user", None) is not None and request.user.is_authenticated
