"""Whose basket it is. Looking at a page writes nothing: Oscar's own makes and merges baskets on any page."""

from django.http import HttpRequest
from oscar.apps.basket import middleware as oscars
from oscar.core.loading import get_model

Basket = get_model("basket", "Basket")


class BasketMiddleware(oscars.BasketMiddleware):
    def process_response(self, request: HttpRequest, response):
        # Signing in is a POST: there, what was put in as a visitor joins what the account's basket holds.
        if request.method == "POST" and self.get_cookie_key(request) in request.COOKIES and _is_signed_in(request):
            self.get_basket(request).num_items  # noqa: B018  (loads it, and merges)
        return super().process_response(request, response)

    def get_basket(self, request: HttpRequest):
        """The open basket of this request; one that nothing was put into is not saved."""
        if request._basket_cache is None and _is_signed_in(request):
            own = Basket.open.filter(owner=request.user)
            may_write = request.method not in ("GET", "HEAD", "OPTIONS")
            if not (may_write and (self.get_cookie_key(request) in request.COOKIES or own.count() > 1)):
                request._basket_cache = own.order_by("pk").first() or Basket(owner=request.user)
                request._basket_cache.owner = request.user
        return super().get_basket(request)


def _is_signed_in(request: HttpRequest) -> bool:
    return getattr(request, "user", None) is not None and request.user.is_authenticated
