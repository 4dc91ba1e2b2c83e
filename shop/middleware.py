"""What every request goes through."""

from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse


def refuse_nul(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Find no page (404) at an address with a NUL in it: PostgreSQL would refuse to look for what it names."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if "\x00" in request.path_info:
            raise Http404
        return get_response(request)

    return middleware
