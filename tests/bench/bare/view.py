import os

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.urls import path


def page(request: HttpRequest) -> HttpResponse:
    """As many bytes as BENCH_BYTES says, out of the cache."""
    kept = cache.get("page")
    if kept is None:
        kept = b"x" * int(os.environ["BENCH_BYTES"])
        cache.set("page", kept, 3600)
    return HttpResponse(kept)


# No address that our middleware keeps pages of.
urlpatterns = [path("bare/", page)]
