"""List pages kept ready made for visitors who have nothing of their own but a basket: no session, no message.

A page is kept under all that it depends on: the version of the shelf, the day, the language, the path, and what of the
query is heard (facets.Wanted). It is rendered from exactly that: the rest of the query and other cookies are taken from
the request before, so nothing personal can get into it. So a page is never stale, and nobody has to be told of a change.

How much is in the basket is left open in it, and filled in for each visitor.
"""

import hashlib
import re
import secrets
from collections.abc import Callable, Sequence

from django.conf import settings
from django.core.cache import caches
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified, QueryDict
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags

from shop.basket import held
from suppliers.base import days

from . import inventory, version
from .facets import Wanted
from .version import Version

HOME, SHELF, SEARCH = "/", "/catalogue/", "/search/"
CATEGORY = SHELF + "category/"
# Whoever carries one of these has something of his own to see.
OWN_COOKIES = (settings.SESSION_COOKIE_NAME, "messages")
# What a response may vary by: all of it is in the key, or (cookies) is not there.
KNOWN_TO_VARY = {"accept-language", "cookie"}
# A browser may keep it and has to ask before it shows it; nobody in between may.
CACHE_CONTROL = "private, no-cache"
LONGEST_S = 300
# What stands in a page for the number of packs in the basket; nobody can guess it, and so nobody can have it shown. It
# is there with all that is shown beside it, as the templates have it.
COUNT = secrets.token_hex(12)
_COUNT_SHOWN = re.compile(
    rb'(<span class="count">%b</span>(?:<span class="visually-hidden">[^<]*</span>)?)' % COUNT.encode()
)

Get = Callable[[HttpRequest], HttpResponse]


def ready_made(get_response: Get) -> Get:
    """Answer from what was kept, else keep the answer, on list pages and for visitors alone."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if not _is_list(request) or request.method not in ("GET", "HEAD"):
            return get_response(request)
        request.shelf_version = at = version.read()
        if any(request.COOKIES.get(cookie) for cookie in OWN_COOKIES):
            return get_response(request)
        request.get_host()  # one that is not ours is refused, as everywhere
        query = _heard(request, at)
        count = held.count(request)
        language = translation.get_language_from_request(request)
        key = _key(at, language, request.path, query, request.scheme)
        store = caches["searches" if _is_rare(query) else "pages"]
        kept = store.get(key)
        if kept is None:
            _reduce(request, query)
            response = get_response(request)
            parts = () if response.streaming else _COUNT_SHOWN.split(response.content)
            if not _may_be_kept(response):
                if len(parts) > 1:
                    response.content = _filled(parts, count)
                    response.headers["Content-Length"] = str(len(response.content))
                return response
            response.headers["Cache-Control"] = CACHE_CONTROL
            patch_vary_headers(response, ("Accept-Language", "Cookie"))
            kept = parts, dict(response.headers), hashlib.blake2b(_filled(parts, 0), digest_size=12).hexdigest()
            store.set(key, kept, _seconds(response))
        parts, headers, digest = kept
        etag = f'W/"{digest}-{count}"'
        said = request.META.get("HTTP_IF_NONE_MATCH")
        if said and etag in parse_etags(said):
            answer = HttpResponseNotModified()
            for name in ("Cache-Control", "Vary", "Content-Language"):
                if name in headers:
                    answer.headers[name] = headers[name]
        else:
            answer = HttpResponse(_filled(parts, count), headers=headers)
            answer.headers["Content-Length"] = str(len(answer.content))
        answer.headers["ETag"] = etag
        return answer

    return middleware


def _filled(parts: Sequence[bytes], count: int) -> bytes:
    """The page of `parts` (every second is a place where the count is shown), for a visitor with `count` packs."""
    if not count:
        return b"".join(parts[::2])
    return b"".join(parts).replace(COUNT.encode(), str(count).encode())


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
    request.basket_count = COUNT
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
