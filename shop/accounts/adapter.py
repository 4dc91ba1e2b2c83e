"""How often a password is guessed at, and where people land when they sign in."""

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest
from django.shortcuts import resolve_url

from suppliers import joining
from suppliers.base import access
from suppliers.models import Collector, Cooperative

from . import limits

# Of one account; and from one address, behind which a mobile operator puts many phones. Rows, so that all processes count
# together; allauth's own count is each process's (settings).
PASSWORDS = limits.Limit("password", 5, 5 * limits.MINUTE)
PASSWORDS_FROM = limits.Limit("password-from", 60, 5 * limits.MINUTE)


class Adapter(DefaultAccountAdapter):
    """Passwords are guessed at so often and no more; whoever has the right one lands where his work is: a cooperative at
    its own desk, an office at the report, a buyer in the shop; who is invited to a cooperative where he can accept it.
    """

    def pre_authenticate(self, request: HttpRequest, **credentials) -> None:
        """Count the try before the password is looked at: a hundred at once are five. Raises ValidationError."""
        if not (
            limits.take(limits.address_of(request), PASSWORDS_FROM)
            and limits.take(_login(request, credentials), PASSWORDS)
        ):
            raise self.validation_error("too_many_login_attempts")

    def authenticate(self, request: HttpRequest, **credentials):
        user = super().authenticate(request, **credentials)
        if user:
            # This one try, not all: else whoever has an account of his own could guess at others' between two sign-ins.
            limits.give_back(limits.address_of(request), PASSWORDS_FROM)
            limits.give_back(_login(request, credentials), PASSWORDS)
        return user

    def _delete_login_attempts_cached_email(self, request: HttpRequest, **credentials) -> None:
        """A new password was set by a link that was mailed (allauth's name for it)."""
        limits.forget(_login(request, credentials), PASSWORDS)

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        user = request.user
        if joining.invitations_of(user).exists():
            return resolve_url("joining:invitations")
        if not user.is_staff and Cooperative.objects.visible_to(user).exists():
            return resolve_url("logistics:home")
        if access.has_role(user, *access.READS_REPORT):
            return resolve_url("officials:report")
        if access.has_role(user, access.TOWNSHIP):
            return resolve_url("slips")
        if Collector.objects.of(user).exists():
            return resolve_url("supply:collect_declares")
        return resolve_url(settings.LOGIN_REDIRECT_URL)


def _login(request: HttpRequest, credentials: dict) -> str:
    """Whose password it is said to be: by the address that was written, or who proves once more that it is he."""
    written = credentials.get("email") or credentials.get("username") or ""
    return written.strip().lower() or f"account {request.user.pk}"
