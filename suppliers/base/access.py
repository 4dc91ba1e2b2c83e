"""Who somebody is to this software: county staff, a role in an office, or staff of a cooperative.

A role is membership in the Django group of that name, so it is a row that an administrator gives and takes.
Pages ask `has_role`, querysets filter by `visible_to(user)`.
"""

from collections.abc import Callable
from functools import wraps

from django.apps import apps
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse

from . import days

OFFICIAL = "official"  # reads the county's report
REVIEWER = "reviewer"  # decides on claims at the commerce commission
FINANCE = "finance"  # approves and pays claims
TOWNSHIP = "township"  # checks slips and households of one township
AUDITOR = "auditor"  # reads everything down to the purchase slip, households by number
TAIAN = "taian"  # the partner city: aggregates only
ROLES = (OFFICIAL, REVIEWER, FINANCE, TOWNSHIP, AUDITOR, TAIAN)

READS_REPORT = (OFFICIAL, REVIEWER, FINANCE, AUDITOR, TAIAN)
READS_EVIDENCE = (OFFICIAL, REVIEWER, FINANCE, AUDITOR)


def has_role(user, *roles: str) -> bool:
    """Whether `user` is signed in, active and holds one of `roles`; county staff hold every reading role."""
    if not (user.is_authenticated and user.is_active):
        return False
    if user.is_staff:
        return True
    if not hasattr(user, "_role_names"):
        user._role_names = frozenset(user.groups.values_list("name", flat=True))
    return not user._role_names.isdisjoint(roles)


def everybody(view: Callable) -> Callable:
    """A view decorator: it says that anybody may open this page. What the page shows is still its queryset's to say."""
    view.access_policy = ("everybody",)
    return view


def signed_in(view: Callable) -> Callable:
    """A view decorator: visitors are asked to sign in. Whose things the page shows is its queryset's to say."""
    guarded = login_required(view)
    guarded.access_policy = ("signed in",)
    return guarded


def role_required(*roles: str) -> Callable:
    """A view decorator: visitors are asked to sign in, people without one of `roles` find no such page (404)."""

    def decorate(view):
        @wraps(view)
        def guarded(request: HttpRequest, *args, **kwargs) -> HttpResponse:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if not has_role(request.user, *roles):
                raise Http404
            return view(request, *args, **kwargs)

        guarded.access_policy = roles
        return guarded

    return decorate


CHOSEN = "cooperative"  # the session's key, and the query's

# What somebody is at a cooperative (CooperativeStaff.role), the one who may do most first.
OWNER = "owner"  # everything: payments, staff, bank files
SELLER = "seller"  # packing, and listing, stock, declarations, the ledger
PACKER = "packer"  # packing and shipping alone: no household's name, no price paid to one, no money
POSTS = (OWNER, SELLER, PACKER)


def cooperative_required(*allowed) -> Callable:
    """A view decorator for the pages of a cooperative: it puts `request.cooperative`, all of `request.cooperatives` and
    `request.staff_role`, what the user is there.

    Plain, the page is for all who work there; `cooperative_required(OWNER, SELLER)` is for these posts alone, and others
    find no such page. Who works for several has chosen one (`?cooperative=C01` for a page, the session for all), else gets
    the first. Visitors are asked to sign in; people without a cooperative, or with another than the one they name, find no
    such page. County staff look after any cooperative as its owner would.
    """
    if len(allowed) == 1 and callable(allowed[0]):
        return _of_cooperative(allowed[0], POSTS)
    return lambda view: _of_cooperative(view, allowed)


def _of_cooperative(view: Callable, allowed: tuple[str, ...]) -> Callable:
    @wraps(view)
    def guarded(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        # Asked by name: the models stand on this module.
        visible = apps.get_model("suppliers", "Cooperative").objects.visible_to(request.user)
        request.cooperatives = list(visible.select_related("village__township"))
        by_code = {cooperative.code: cooperative for cooperative in request.cooperatives}
        named = request.GET.get(CHOSEN)
        if not by_code or (named and named not in by_code):
            raise Http404
        if named and request.method == "POST":
            request.session[CHOSEN] = named  # where it leads to is this cooperative's page too
        chosen = named or request.session.get(CHOSEN)
        request.cooperative = by_code.get(chosen, request.cooperatives[0])
        request.staff_role = role_at(request.user, request.cooperative)
        if request.staff_role not in allowed:
            raise Http404
        return view(request, *args, **kwargs)

    guarded.access_policy = ("cooperative", *allowed)
    return guarded


def role_at(user, cooperative) -> str:
    """What `user` is at `cooperative` today, "" where nothing; who has two posts there is the one who may do more."""
    if user.is_staff:
        return OWNER
    held = apps.get_model("suppliers", "CooperativeStaff").objects.on(days.today())
    roles = set(held.filter(user=user, cooperative=cooperative).values_list("role", flat=True))
    return next((role for role in POSTS if role in roles), "")


def collector_required(view: Callable) -> Callable:
    """A view decorator for the pages of a village's collector: others find no such page (404)."""

    @wraps(view)
    def guarded(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if not apps.get_model("suppliers", "Collector").objects.of(request.user).exists():
            raise Http404
        return view(request, *args, **kwargs)

    guarded.access_policy = ("collector",)
    return guarded
