"""What every request goes through."""

from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _

# Six photos of 5 MiB and the words beside them: no page takes more.
MOST_BYTES = 31 * 1024 * 1024


def refuse_floods(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Answer 413 to a request whose body says it is larger than any page takes, before a byte of it is read."""

    def middleware(request: HttpRequest) -> HttpResponse:
        length = request.headers.get("Content-Length") or "0"
        if not length.isdecimal() or len(length) > 12 or int(length) > MOST_BYTES:
            text = _("This is more than can be sent at once. Go back and send fewer or smaller photos.")
            return HttpResponse(text, status=413, content_type="text/plain; charset=utf-8")
        return get_response(request)

    return middleware


def refuse_nul(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Find no page (404) at an address with a NUL in it: PostgreSQL would refuse to look for what it names."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if "\x00" in request.path_info:
            raise Http404
        return get_response(request)

    return middleware
