"""Lists and product pages kept ready made for visitors who have nothing of their own but a basket: no session, no message.

A page is kept under all that it depends on: the version of the shelf, the day, the language, the path, and what of the
query is heard. It is rendered from exactly that: the rest of the query and other cookies are taken from the request
before, so nothing personal can get into it. So a page is never stale, and nobody has to be told of a change.

What is the visitor's is left open in it, and filled in for each: how much is in the basket, and the token of a form.
"""

import hashlib
import re
import secrets
from collections.abc import Callable
from typing import NamedTuple

from django.conf import settings
from django.core.cache import caches
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified, QueryDict
from django.middleware.csrf import CsrfViewMiddleware, get_token
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags

from shop.basket import held
from shop.shipping import estimate
from suppliers.base import days

from . import inventory, version
from .facets import Wanted
from .version import Version

HOME, SHELF, SEARCH = "/", "/catalogue/", "/search/"
CATEGORY = SHELF + "category/"
PRODUCT = re.compile(SHELF + r"[\w-]*_(\d{1,18})/")
# Whoever carries one of these has something of his own to see.
OWN_COOKIES = (settings.SESSION_COOKIE_NAME, "messages")
# What a response may vary by: all of it is in the key, or (cookies) is not there.
KNOWN_TO_VARY = {"accept-language", "cookie"}
# A browser may keep it and has to ask before it shows it; nobody in between may.
CACHE_CONTROL = "private, no-cache"
LONGEST_S = 300
# What stands in a page for the number of packs in the basket, and for the token of its form. Nobody can guess them, and so
# nobody can have them shown. The first is there with all that is shown beside it, as the templates have it.
COUNT, TOKEN = secrets.token_hex(12), secrets.token_hex(12)
_COUNT_SHOWN = re.compile(
    rb'(<span class="count">%b</span>(?:<span class="visually-hidden">[^<]*</span>)?)' % COUNT.encode()
)

Get = Callable[[HttpRequest], HttpResponse]


class Page(NamedTuple):
    """What a page is made from, besides the language: `shown` is the state of what stands on it."""

    shown: tuple
    query: str
    store: str


class Kept(NamedTuple):
    """A page in pieces: every second is a place where the count is shown."""

    pieces: tuple[bytes, ...]
    headers: dict[str, str]
    digest: str
    has_form: bool


def ready_made(get_response: Get) -> Get:
    """Answer from what was kept, else keep the answer, on the pages of the shelf and for visitors alone."""
    guard = CsrfViewMiddleware(get_response)

    def middleware(request: HttpRequest) -> HttpResponse:
        if not _may_be_ready(request):
            return get_response(request)
        request.shelf_version = at = version.read()
        if any(request.COOKIES.get(cookie) for cookie in OWN_COOKIES):
            return get_response(request)
        request.get_host()  # one that is not ours is refused, as everywhere
        page = _page(request, at)
        if page is None:
            return get_response(request)
        language = translation.get_language_from_request(request)
        key, store = _key(page, language, request), caches[page.store]
        kept = store.get(key)
        if kept is not None:
            return _answer(request, kept, guard)
        cookies = request.COOKIES
        _reduce(request, page.query)
        response = get_response(request)
        request.COOKIES = cookies
        if response.streaming:
            return response
        kept = _in_pieces(response)
        if not _may_be_kept(response):
            guard.process_request(request)
            response.content = _filled(request, kept, held.count(request))
            response.headers["Content-Length"] = str(len(response.content))
            return guard.process_response(request, response)
        kept.headers["Cache-Control"] = CACHE_CONTROL
        store.set(key, kept, _seconds(response))
        return _answer(request, kept, guard)

    return middleware


def _answer(request: HttpRequest, kept: Kept, guard: CsrfViewMiddleware) -> HttpResponse:
    """The page `kept` for whoever asks, or word that his browser has it: not for one with a form, whose token may be old."""
    count = held.count(request)
    etag = "" if kept.has_form else f'W/"{kept.digest}-{count}"'
    said = request.META.get("HTTP_IF_NONE_MATCH")
    if said and etag in parse_etags(said):
        answer = HttpResponseNotModified()
        for name in ("Cache-Control", "Vary", "Content-Language"):
            if name in kept.headers:
                answer.headers[name] = kept.headers[name]
    else:
        if kept.has_form:
            guard.process_request(request)
        answer = HttpResponse(_filled(request, kept, count), headers=kept.headers)
        answer.headers["Content-Length"] = str(len(answer.content))
    if kept.has_form:
        return guard.process_response(request, answer)
    answer.headers["ETag"] = etag
    return answer


def _in_pieces(response: HttpResponse) -> Kept:
    pieces = tuple(_COUNT_SHOWN.split(response.content))
    digest = hashlib.blake2b(b"".join(pieces[::2]), digest_size=12).hexdigest()
    patch_vary_headers(response, ("Accept-Language", "Cookie"))
    return Kept(pieces, dict(response.headers), digest, TOKEN.encode() in response.content)


def _filled(request: HttpRequest, kept: Kept, count: int) -> bytes:
    """The page for a visitor with `count` packs in the basket, and with a token of his own in its form."""
    page = b"".join(kept.pieces).replace(COUNT.encode(), b"%d" % count) if count else b"".join(kept.pieces[::2])
    return page.replace(TOKEN.encode(), get_token(request).encode()) if kept.has_form else page


def _may_be_ready(request: HttpRequest) -> bool:
    path = request.path_info
    return request.method in ("GET", "HEAD") and (path in (HOME, SEARCH) or path.startswith(SHELF))


def _page(request: HttpRequest, at: Version) -> Page | None:
    """What the page at this address depends on; None where none is kept."""
    path = request.path_info
    if path == HOME:
        return Page(at, "", "pages")
    shelf = at.goods, at.stock, at.people
    asked = request.META.get("QUERY_STRING")
    if path in (SHELF, SEARCH) or path.startswith(CATEGORY):
        query = _heard(request, at) if asked else ""
        # There are very many of searches, and of several filters at once: they push out each other alone.
        return Page(shelf, query, "searches" if "q=" in query or query.count("&") > 1 else "pages")
    product = PRODUCT.fullmatch(path)
    beside = product and inventory.beside(int(product[1]), at)
    if not beside:
        return None
    to = request.GET.get("to", "") if asked else ""
    # An order changes the pages that show it, not those of all there is.
    shown = at.goods, at.people, beside.packs, beside.elsewhere
    return Page(shown, f"to={to}", "searches") if to in estimate.destinations() else Page(shown, "", "products")


def _heard(request: HttpRequest, at: Version) -> str:
    """The part of a list's query that the page depends on."""
    wanted = Wanted.read(request.GET, inventory.goods(at))
    return (wanted if request.path_info == SEARCH else wanted.without_search()).query()


def _key(page: Page, language: str, request: HttpRequest) -> str:
    of = (page.shown, days.today().isoformat(), language, request.scheme, request.path, page.query)
    return hashlib.blake2b(repr(of).encode(), digest_size=16).hexdigest()


def _reduce(request: HttpRequest, query: str) -> None:
    """Take from `request` what the page that is kept must not depend on."""
    request.basket_count, request.form_token = COUNT, TOKEN
    language = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME)
    request.COOKIES = {settings.LANGUAGE_COOKIE_NAME: language} if language else {}
    request.META["QUERY_STRING"] = query
    request.GET = QueryDict(query)


def _may_be_kept(response: HttpResponse) -> bool:
    """A whole page that sets no cookie, has no nonce of its own and varies by nothing that is not in the key."""
    varies = {name.strip().lower() for name in response.headers.get("Vary", "").split(",") if name.strip()}
    return (
        response.status_code == 200
        and not response.streaming
        and not response.cookies
        and "'nonce-" not in response.headers.get("Content-Security-Policy", "")
        and varies <= KNOWN_TO_VARY
    )


def _seconds(response: HttpResponse) -> float:
    """How long it is kept: until `response.good_until`, if its view says that it will be wrong from some moment on."""
    until = getattr(response, "good_until", None)
    return LONGEST_S if until is None else min(LONGEST_S, (until - days.now()).total_seconds())
