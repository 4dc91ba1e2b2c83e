"""Where the queue of a phone empties itself: slips that were entered while there was no net (docs/decisions/0027)."""

import base64
import binascii
import json

from django.core.exceptions import RequestDataTooBig, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpRequest, JsonResponse
from django.middleware.csrf import get_token
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from .. import actions
from ..base.access import OWNER, SELLER, cooperative_required
from ..base.fields import put_errors
from ..forms_ledger import EntryForm, Scales

MOST_BYTES = 2 * 1024 * 1024
TEXTS = {name for name in EntryForm.base_fields if name != "photo"}
JPEG = "data:image/jpeg;base64,"


@cooperative_required(OWNER, SELLER)
@never_cache
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """Whether somebody is signed in, for which cooperatives, and a fresh token: what a page that stood open for days has not."""
    return JsonResponse({"token": get_token(request), "cooperatives": [one.code for one in request.cooperatives]})


@cooperative_required(OWNER, SELLER)
@never_cache
@require_POST
def entry(request: HttpRequest) -> JsonResponse:
    """Write one slip of the queue. Answers what became of it:

    200 `written` (`url`, `lot_no`; the same for an entry sent again) · 409 `asked` (`doubts`) · 422 `refused` (`errors` by
    field, "" for the whole) · 403 `foreign` (another's cooperative) · 400 `broken` (not what our page sends) · 413.
    """
    try:
        if int(request.headers.get("Content-Length") or 0) > MOST_BYTES:
            raise RequestDataTooBig
        said = _strictly(request)
    except RequestDataTooBig:
        return _answer(
            413, "refused", errors={"photo": [_("This photo is too large. Take it again, or leave it out.")]}
        )
    except ValueError:
        return _answer(400, "broken", errors={"": [_("This entry cannot be read. Drop it and enter the slip anew.")]})
    cooperative = next((one for one in request.cooperatives if one.code == said["cooperative"]), None)
    if cooperative is None:
        text = _("This entry is of cooperative %(code)s. Sign in as somebody who works there.")
        return _answer(403, "foreign", errors={"": [text % {"code": said["cooperative"][:12]}]})
    files = {"photo": said["photo"]} if said["photo"] else {}
    form = EntryForm(said["fields"], files, scales=Scales(cooperative))
    if form.is_valid() and (doubts := form.doubts()):
        return _answer(409, "asked", doubts=doubts)
    if form.is_valid():
        try:
            lot = actions.enter_lot(**form.slip, by=request.user)
        except ValidationError as error:
            put_errors(form, error, form.names)
        else:
            return _answer(200, "written", lot_no=lot.lot_no, url=reverse("suppliers:lot", args=[lot.pk]))
    errors = {name if name != "__all__" else "": list(texts) for name, texts in form.errors.items()}
    return _answer(422, "refused", errors=errors)


def _answer(status: int, state: str, **more) -> JsonResponse:
    return JsonResponse({"state": state, **more}, status=status)


def _strictly(request: HttpRequest) -> dict:
    """The entry in a request: its `cooperative`, `fields` and `photo`. Raises ValueError for whatever our page does not send."""
    if request.content_type != "application/json":
        raise ValueError("not JSON")
    try:
        said = json.loads(request.body)
    except RecursionError as error:
        raise ValueError("too deep") from error
    if not isinstance(said, dict) or not said.keys() <= TEXTS | {"cooperative", "photo"}:
        raise ValueError("not an entry")
    if not all(isinstance(text, str) for text in said.values()):
        raise ValueError("not texts")
    "".join(said.values()).encode()  # half a sign, which JSON can say and no database keeps, is a ValueError too
    cooperative, photo = said.pop("cooperative", ""), said.pop("photo", "")
    if not said.get("entry_key") or not cooperative:
        raise ValueError("without its key")
    return {"cooperative": cooperative, "photo": _unpacked(photo), "fields": said}


def _unpacked(photo: str) -> SimpleUploadedFile | None:
    if not photo:
        return None
    if not photo.startswith(JPEG):
        raise ValueError("not a photo")
    try:
        content = base64.b64decode(photo.removeprefix(JPEG), validate=True)
    except binascii.Error as error:
        raise ValueError("not a photo") from error
    return SimpleUploadedFile("slip.jpg", content, content_type="image/jpeg")
