"""Who somebody is to this software: county staff, a role in an office, or staff of a cooperative.

A role is membership in the Django group of that name, so it is a row that an administrator gives and takes.
Pages ask `has_role`, querysets filter by `visible_to(user)`.
"""

from collections.abc import Callable
from functools import wraps

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse

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
