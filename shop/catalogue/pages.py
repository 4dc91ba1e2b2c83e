"""List pages kept ready made for visitors who have nothing of their own: no basket, no session, no message.

A page is kept under all that it depends on: the version of the shelf, the day, the language, the path, and what of the
query is heard (facets.Wanted). It is rendered from exactly that: the rest of the query and other cookies are taken from
the request before, so nothing personal can get into it. So a page is never stale, and nobody has to be told of a change.
"""

import hashlib
from collections.abc import Callable

from django.conf import settings
from django.core.cache import caches
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified, QueryDict
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags

from suppliers.base import days

from . import inventory, version
from .facets import Wanted
from .version import Version

HOME, SHELF, SEARCH = "/", "/catalogue/", "/search/"
CATEGORY = SHELF + "category/"
# Whoever carries one of these has something of his own to see.
OWN_COOKIES = (settings.SESSION_COOKIE_NAME, settings.OSCAR_BASKET_COOKIE_OPEN, "messages")
# What a response may vary by: all of it is in the key, or (cookies) is not there.
KNOWN_TO_VARY = {"accept-language", "cookie"}
# A browser may keep it and has to ask before it shows it; nobody in between may.
CACHE_CONTROL = "private, no-cache"
LONGEST_S = 300

Get = Callable[[HttpRequest], HttpResponse]


def ready_made(get_response: Get) -> Get:
    """Answer from what was kept, else keep the answer, on list pages and for visitors alone."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if not _is_list(request) or request.method not in ("GET", "HEAD"):
            return get_response(request)
        request.shelf_version = at = version.read()
        if any(cookie in request.COOKIES for cookie in OWN_COOKIES):
            return get_response(request)
        request.get_host()  # one that is not ours is refused, as everywhere
        query = _heard(request, at)
        language = translation.get_language_from_request(request)
        key = _key(at, language, request.path, query, request.scheme)
        store = caches["searches" if _is_rare(query) else "pages"]
        kept = store.get(key)
        if kept is None:
            _reduce(request, query)
            response = get_response(request)
            if not _may_be_kept(response):
                return response
            response.headers["Cache-Control"] = CACHE_CONTROL
            patch_vary_headers(response, ("Accept-Language", "Cookie"))
            etag = f'W/"{hashlib.blake2b(response.content, digest_size=12).hexdigest()}"'
            response.headers["ETag"] = etag
            kept = response.content, dict(response.headers), etag
            store.set(key, kept, _seconds(response))
        content, headers, etag = kept
        said = request.META.get("HTTP_IF_NONE_MATCH")
        if said and etag in parse_etags(said):
            unchanged = HttpResponseNotModified()
            for name in ("ETag", "Cache-Control", "Vary", "Content-Language"):
                if name in headers:
                    unchanged.headers[name] = headers[name]
            return unchanged
        return HttpResponse(content, headers=headers)

    return middleware


def _is_list(request: HttpRequest) -> bool:
    path = request.path_info
    return path in (HOME, SHELF, SEARCH) or path.startswith(CATEGORY)


def _heard(request: HttpRequest, at: Version) -> str:
    """The part of the query that the page depends on. The home page hears none."""
    if request.path_info == HOME or not request.META.get("QUERY_STRING"):
        return ""
    wanted = Wanted.read(request.GET, inventory.goods(at))
    return (wanted if request.path_info == SEARCH else wanted.without_search()).query()


def _is_rare(query: str) -> bool:
    """Whether there are very many pages like it: searches, and several filters at once. They push out each other alone."""
    return "q=" in query or query.count("&") > 1


def _key(at: Version, language: str, path: str, query: str, scheme: str) -> str:
    said = "\n".join([*map(str, at), days.today().isoformat(), language, scheme, path, query])
    return hashlib.blake2b(said.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _reduce(request: HttpRequest, query: str) -> None:
    """Take from `request` what the page that is kept must not depend on."""
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
