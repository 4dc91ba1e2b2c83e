"""Signing in by mobile number or e-mail, one's own profile, and going away."""

from allauth.account.app_settings import EmailVerificationMethod
from allauth.account.decorators import reauthentication_required
from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from allauth.account.utils import get_next_redirect_url
from allauth.account.views import LoginView
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from suppliers.base.access import everybody, signed_in
from suppliers.base.privacy import mask_mobile

from . import actions, codes, limits, sms
from .forms import CodeForm, EraseForm, MobileForm, NameForm

LONGEST_ADDRESS = 1000
PASSWORDS = limits.Limit("erase-password", 5, 15 * limits.MINUTE)

look_or_post = require_http_methods(["GET", "HEAD", "POST"])


def _own(view):
    """A page of whoever is signed in."""
    return signed_in(never_cache(look_or_post(view)))


class SignIn(LoginView):
    """Both ways to sign in: a number, to which a code goes, or an e-mail address with its password (allauth's)."""

    access_policy = ("everybody",)

    def post(self, request: HttpRequest, *args, **kwargs) -> HttpResponse:
        if "mobile" not in request.POST or not sms.is_offered():
            return super().post(request, *args, **kwargs)
        form = MobileForm(request.POST)
        if form.is_valid() and _send(request, form, purpose=codes.SIGN_IN, then=_next(request)):
            return redirect("accounts:code")
        email_form = self.get_form_class()(request=request)
        return self.render_to_response(self.get_context_data(form=email_form, mobile_form=form))

    def get_context_data(self, **kwargs) -> dict:
        more = {} if "mobile_form" in kwargs else {"mobile_form": MobileForm()}
        return super().get_context_data(**kwargs) | more | {"has_mobile": sms.is_offered()}


def _next(request: HttpRequest) -> str:
    """Where the sign-in leads on to; empty where it names nothing, or another site."""
    url = get_next_redirect_url(request) or ""
    return url if len(url) <= LONGEST_ADDRESS else ""


def _send(request: HttpRequest, form, *, purpose: str, mobile: str = "", then: str = "") -> bool:
    """Send a code to `mobile`, or the number in `form`, which says why where none is sent."""
    try:
        codes.send(request, mobile=mobile or form.cleaned_data["mobile"], purpose=purpose, then=then)
    except codes.TooMany:
        form.add_error(
            None, _("Too many codes were sent to this number or from here. Please wait and try again later.")
        )
    except sms.NotSent:
        form.add_error(None, _("The message could not be sent. Please try again in a moment, or sign in by e-mail."))
    else:
        return True
    return False


def _check(request: HttpRequest, form: CodeForm, *, purpose: str) -> codes.Asked | None:
    """What was asked for, if the code in `form` is right; else None, and the form says what to do."""
    try:
        return codes.check(request, purpose=purpose, code=form.cleaned_data["code"])
    except codes.Wrong:
        form.add_error("code", _("This is not the code. Please look at the message again."))
    except codes.Over:
        form.add_error("code", _("This code is no longer good. Please have another one sent."))
    return None


def _code_page(request: HttpRequest, *, purpose: str, back: str, title: str, go: str):
    """The page that asks for the code: an answer to give, or what was asked for once its code is right."""
    one = codes.asked(request, purpose)
    if one is None:
        return redirect(back)
    form = CodeForm(request.POST if "code" in request.POST else None)
    if "again" in request.POST:
        form = CodeForm({})
        form.errors.clear()  # nothing was written, so nothing is missing
        if _send(request, form, purpose=purpose, mobile=one.mobile, then=one.then):
            return redirect(request.path)
    elif form.is_bound and form.is_valid() and (proven := _check(request, form, purpose=purpose)):
        return proven
    return render(
        request,
        "account/code.html",
        {"form": form, "mobile": mask_mobile(one.mobile), "asked": one, "title": title, "go": go, "back": back},
    )


@everybody
@never_cache
@sensitive_post_parameters("code")
@look_or_post
def code(request: HttpRequest) -> HttpResponse:
    """The second step of signing in. A number that nobody has signs up here; a second factor is asked for after it."""
    if request.user.is_authenticated:
        return redirect(_next(request) or "customer:summary")
    answer = _code_page(
        request, purpose=codes.SIGN_IN, back="account_login", title=_("Write the code"), go=_("Sign in")
    )
    if not isinstance(answer, codes.Asked):
        return answer
    user, is_new = actions.user_of(answer.mobile)
    record_authentication(request, user, method="code")
    return perform_login(
        request,
        Login(
            user=user,
            redirect_url=answer.then or None,
            email_verification=EmailVerificationMethod.NONE,
            signup=is_new,
        ),
    )


@_own
def profile(request: HttpRequest) -> HttpResponse:
    """One's name, and the ways to change the rest."""
    form = NameForm(request.POST or None, initial={"name": request.user.get_full_name()})
    if request.method == "POST" and form.is_valid():
        request.user.first_name, request.user.last_name = "", form.cleaned_data["name"]
        request.user.save(update_fields=["first_name", "last_name"])
        messages.success(request, _("Your name is kept."))
        return redirect("accounts:profile")
    return render(
        request,
        "account/profile.html",
        {
            "form": form,
            "mobile": mask_mobile(str(request.user.mobile)) if request.user.mobile else "",
            "has_mobile": sms.is_offered(),
        },
    )


@_own
def mobile(request: HttpRequest) -> HttpResponse:
    """Ask for the number that is to be one's own."""
    if not sms.is_offered():
        return redirect("accounts:profile")
    return _mobile(request)


@reauthentication_required
def _mobile(request: HttpRequest) -> HttpResponse:
    form = MobileForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _send(request, form, purpose=codes.CHANGE):
        return redirect("accounts:mobile-code")
    shown = mask_mobile(str(request.user.mobile)) if request.user.mobile else ""
    return render(request, "account/mobile.html", {"form": form, "mobile": shown})


@sensitive_post_parameters("code")
@_own
def mobile_code(request: HttpRequest) -> HttpResponse:
    """The number is one's own as soon as its code is here."""
    answer = _code_page(
        request, purpose=codes.CHANGE, back="accounts:mobile", title=_("Write the code"), go=_("Keep this number")
    )
    if not isinstance(answer, codes.Asked):
        return answer
    try:
        actions.change_mobile(user=request.user, mobile=answer.mobile)
    except actions.NumberTaken:
        messages.error(request, _("This number has an account of its own. Sign in by it, or take another number."))
        return redirect("accounts:mobile")
    messages.success(request, _("The mobile number is kept. From now on you can sign in by it."))
    return redirect("accounts:profile")


@sensitive_post_parameters("code", "password")
@_own
def erase(request: HttpRequest) -> HttpResponse:
    """Say what goes and what stays, have it confirmed by who signs in, and erase the account."""
    user = request.user
    proof = _proof(user)
    form = EraseForm(request.POST if "erase" in request.POST else None, proof=proof)
    sales = list(actions.under_way(user).select_related("order").order_by("pk")[:10])
    groups = list(actions.handing_out(user).select_related("stop__departure")[:10])
    may = actions.may_erase(user)
    if request.method == "POST" and may and not (sales or groups):
        if "send" in request.POST and proof == "code":
            form = EraseForm({}, proof=proof)
            form.errors.clear()
            if _send(request, form, purpose=codes.ERASE, mobile=str(user.mobile)):
                return redirect(request.path)
        elif form.is_valid() and _is_proven(request, form, proof):
            try:
                actions.erase(user=user)
            except (actions.WorksHere, actions.OrdersUnderWay, actions.HandsOut):
                return redirect(request.path)  # which says why
            except actions.StillNeeded:
                messages.error(
                    request,
                    _("Others still rely on something in your account. Please write to us."),
                )
                return redirect(request.path)
            logout(request)
            messages.success(request, _("Your account is erased. Thank you for having been here."))
            return redirect("home")
    return render(
        request,
        "account/erase.html",
        {
            "form": form,
            "sales": sales,
            "groups": groups,
            "may": may,
            "asked": codes.asked(request, codes.ERASE) if proof == "code" else None,
            "kept_days": settings.ERASED_ADDRESSES_KEPT_DAYS,
        },
    )


def _proof(user) -> str:
    """By what somebody shows that the account is his: the password, a code to his phone, else a word alone."""
    if user.has_usable_password():
        return "password"
    return "code" if user.mobile and sms.is_offered() else "word"


def _is_proven(request: HttpRequest, form: EraseForm, proof: str) -> bool:
    if proof == "code":
        return _check(request, form, purpose=codes.ERASE) is not None
    if proof == "password":
        if not limits.take(str(request.user.pk), PASSWORDS):
            form.add_error("password", _("Too many attempts. Please wait a quarter of an hour."))
            return False
        if not request.user.check_password(form.cleaned_data["password"]):
            form.add_error("password", _("This is not your password."))
            return False
    return True


@everybody
@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """What the shop keeps of people, for what and how long."""
    return render(request, "account/privacy.html", {"kept_days": settings.ERASED_ADDRESSES_KEPT_DAYS})
