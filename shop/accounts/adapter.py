"""Where people land when they sign in."""

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest
from django.shortcuts import resolve_url

from suppliers.base import access
from suppliers.models import Collector, Cooperative


class Adapter(DefaultAccountAdapter):
    """Everybody lands where his work is: a cooperative at its own desk, an office at the report, a buyer in the shop."""

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        user = request.user
        if not user.is_staff and Cooperative.objects.visible_to(user).exists():
            return resolve_url("logistics:home")
        if access.has_role(user, *access.READS_REPORT):
            return resolve_url("officials:report")
        if access.has_role(user, access.TOWNSHIP):
            return resolve_url("slips")
        if Collector.objects.of(user).exists():
            return resolve_url("supply:collect_declares")
        return resolve_url(settings.LOGIN_REDIRECT_URL)
