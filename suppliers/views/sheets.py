"""Sheets of a cooperative: what can be taken out and sent in, and each import on its way."""

import logging
from collections.abc import Sequence

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ..base import days
from ..base.access import OWNER, SELLER, cooperative_required
from ..base.bell import ring
from ..base.sheets import MOST_BYTES, XLSX, read, read_pasted
from ..models import SheetImport
from ..sheets import cells, engine, files, kinds
from ..tasks import work_on_sheet

logger = logging.getLogger(__name__)
ON_A_PAGE = 50
LATEST = 10
AS_IN_CELLS = "cells"
IN_CELLS = (AS_IN_CELLS, gettext_lazy("it stands in each cell"))
UNITS = {
    kinds.WEIGHT: [("jin", gettext_lazy("jin")), ("kg", gettext_lazy("kg")), IN_CELLS],
    kinds.PRICE: [("jin", gettext_lazy("per jin")), ("kg", gettext_lazy("per kg")), IN_CELLS],
}


def _kinds(request: HttpRequest) -> list[kinds.Kind]:
    """The kinds that somebody with this post at the cooperative may take out and send in."""
    return [kind for kind in kinds.all_kinds() if request.staff_role in kind.posts]


def _kind(request: HttpRequest, code: str) -> kinds.Kind:
    kind = next((kind for kind in _kinds(request) if kind.code == code), None)
    if kind is None:
        raise Http404
    return kind


def _imports(request: HttpRequest) -> QuerySet[SheetImport]:
    return SheetImport.objects.filter(cooperative=request.cooperative, kind__in=[kind.code for kind in _kinds(request)])


def _own(request: HttpRequest, pk: int) -> SheetImport:
    return get_object_or_404(_imports(request).select_related("cooperative", "by"), pk=pk)


class SheetForm(forms.Form):
    """A sheet as a file, or pasted."""

    file = forms.FileField(
        label=gettext_lazy("Your sheet (Excel or CSV)"),
        required=False,
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ".xlsx,.xlsm,.csv,.txt"}),
    )
    pasted = forms.CharField(
        label=gettext_lazy("Or paste it here"),
        required=False,
        strip=False,
        max_length=MOST_BYTES // 2,
        widget=forms.Textarea(attrs={"rows": 6, "autocomplete": "off", "spellcheck": "false"}),
        help_text=gettext_lazy("Select the rows with their headings in WPS or Excel, copy, and paste."),
    )

    def clean(self):
        file, pasted = self.cleaned_data.get("file"), self.cleaned_data.get("pasted")
        if self.errors:
            return self.cleaned_data
        if not file and not (pasted or "").strip():
            self.add_error("file", _("Choose a file, or paste rows below."))
        elif file and file.size > MOST_BYTES:
            self.add_error(
                "file", _("A sheet may have up to 5 MB. Split it into several sheets and send them one by one.")
            )
        return self.cleaned_data


class ColumnsForm(forms.Form):
    """Which column of a sheet is which. `mapping` is it as suppliers.sheets.engine.name_columns takes it."""

    has_no_headings = forms.BooleanField(
        label=gettext_lazy("There are no headings: the first row is an entry already"), required=False
    )

    def __init__(self, data=None, *, kind: kinds.Kind, sheet: SheetImport, places: Sequence[tuple[int, str]]):
        super().__init__(data)
        self.kind = kind
        for column in kind.asked:
            present = sheet.mapping.get(column.name, {})
            self.fields[column.name] = forms.TypedChoiceField(
                label=column.bare,
                choices=[("", _("not in this sheet")), *places],
                coerce=int,
                empty_value=None,
                required=False,
                initial=present.get("at", ""),
                help_text=column.help,
            )
            if column.has_unit:
                self.fields[f"{column.name}_unit"] = forms.ChoiceField(
                    label=_("Unit"),
                    choices=UNITS[column.type],
                    widget=forms.RadioSelect,
                    initial=present.get("unit", ""),
                    required=False,
                )

    def questions(self) -> list[tuple]:
        """What has to be said or seems to be there: each field with that of its unit and whether it is needed."""
        return [one for one in self._asked() if one[2] or one[0].value() not in (None, "") or one[0].errors]

    def others(self) -> list[tuple]:
        """What may be in the sheet besides."""
        asked = {one[0].name for one in self.questions()}
        return [one for one in self._asked() if one[0].name not in asked]

    def _asked(self) -> list[tuple]:
        return [
            (self[column.name], self[f"{column.name}_unit"] if column.has_unit else None, column.is_required)
            for column in self.kind.asked
        ]

    def clean(self):
        data = self.cleaned_data
        for column in self.kind.asked:
            unit = f"{column.name}_unit"
            if column.has_unit and data.get(column.name) is not None and unit in data and not data[unit]:
                self.add_error(unit, _("Is this jin or kilograms? Choose one."))
        return data

    @property
    def mapping(self) -> engine.Mapping:
        data = self.cleaned_data
        mapping: engine.Mapping = {}
        for column in self.kind.asked:
            if data.get(column.name) is None:
                continue
            mapping[column.name] = {"at": data[column.name]}
            unit = data.get(f"{column.name}_unit")
            if unit in cells.G_OF_UNIT:
                mapping[column.name]["unit"] = unit
        return mapping


@cooperative_required(OWNER, SELLER)
@require_safe
def sheets(request: HttpRequest) -> HttpResponse:
    """What kinds of sheets there are, and the latest imports."""
    own = _imports(request).defer("content", "plan")
    context = {"kinds": _kinds(request), "imports": _titled(own[:LATEST])}
    return render(request, "cooperative/sheets.html", context)


def _titled(imports) -> list[SheetImport]:
    """Imports, each with the title of its kind."""
    rows = list(imports)
    for row in rows:
        kind = kinds.get(row.kind)
        row.title = kind.title if kind else row.kind
    return rows


@sensitive_post_parameters("pasted")
@cooperative_required(OWNER, SELLER)
@require_http_methods(["GET", "HEAD", "POST"])
def send_in(request: HttpRequest, code: str) -> HttpResponse:
    """Take a template or an export of one kind, and send a sheet in."""
    kind = _kind(request, code)
    form = SheetForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            sheet = _taken_in(request, kind, form)
        except ValidationError as error:
            form.add_error("file" if form.cleaned_data["file"] else "pasted", error)
        else:
            if sheet.state == SheetImport.State.APPLIED:
                messages.info(request, _("This very sheet was imported already. Nothing was written twice."))
            return redirect("suppliers:sheet", pk=sheet.pk)
    own = _imports(request).filter(kind=kind.code).defer("content", "plan")
    return render(request, "cooperative/sheet_new.html", {"kind": kind, "form": form, "imports": _titled(own[:LATEST])})


@sensitive_variables()
def _taken_in(request: HttpRequest, kind: kinds.Kind, form: SheetForm) -> SheetImport:
    file = form.cleaned_data["file"]
    if file:
        content = file.read(MOST_BYTES + 1)
        tables = read(content)
    else:
        tables = [read_pasted(form.cleaned_data["pasted"])]
        content = form.cleaned_data["pasted"].encode()
    sheet = engine.take_in(
        cooperative=request.cooperative,
        kind=kind,
        tables=tables,
        content=content,
        is_pasted=not file,
        by=request.user,
    )
    _go_on(sheet)
    return sheet


def _go_on(sheet: SheetImport) -> None:
    """Have a sheet worked on: a short one at once, a long one by a worker, while a page shows how far it is."""
    if not sheet.is_at_work:
        return
    if sheet.rows <= engine.ROWS_AT_ONCE:
        engine.work(sheet_id=sheet.pk)
    else:
        ring(work_on_sheet, sheet.pk)


@cooperative_required(OWNER, SELLER)
@require_safe
def template(request: HttpRequest, code: str) -> HttpResponse:
    kind = _kind(request, code)
    return _file(files.template(kind, request.cooperative), _("%(kind)s template") % {"kind": kind.title})


@cooperative_required(OWNER, SELLER)
@require_safe
def export(request: HttpRequest, code: str) -> HttpResponse:
    kind = _kind(request, code)
    logger.info("a sheet of %s of %s was exported by user %s", code, request.cooperative.code, request.user.pk)
    name = f"{kind.title} {request.cooperative.code} {days.today().isoformat()}"
    return _file(files.export(kind, request.cooperative, by=request.user), name)


def _file(content: bytes, name: str) -> HttpResponse:
    disposition = content_disposition_header(as_attachment=True, filename=f"{name}.xlsx")
    headers = {"Content-Disposition": disposition, "Cache-Control": "no-store"}
    return HttpResponse(content, content_type=XLSX, headers=headers)


@cooperative_required(OWNER, SELLER)
@require_safe
def sheet(request: HttpRequest, pk: int) -> HttpResponse:
    """Where an import stands: what is asked, how far it is, what it would do, or what it did."""
    one = _own(request, pk)
    kind = _kind(request, one.kind)
    if request.htmx:
        # The page waits: it is loaded anew when there is something else to see.
        if not one.is_at_work:
            return HttpResponse(headers={"HX-Refresh": "true"})
        return render(request, "cooperative/_sheet_progress.html", {"sheet": one})
    if one.state == SheetImport.State.UPLOADED:
        return redirect("suppliers:sheet_columns", pk=one.pk)
    context = {"sheet": one, "kind": kind, "kept_days": engine.KEPT_DAYS}
    if one.state == SheetImport.State.CHECKED:
        context |= _preview(one, request.GET.get("show", ""), request.GET.get("page"))
    return render(request, "cooperative/sheet.html", context)


@sensitive_variables()
def _preview(one: SheetImport, show: str, page: str | None) -> dict:
    counts = one.counts
    if show not in counts:
        show = next((name for name in (engine.WRONG, "new", "changed", "same") if counts.get(name)), "new")
    if show == engine.WRONG:
        table = engine.table_of(one)
        listed = [error | {"written": _written(table, one, error)} for error in one.errors]
    else:
        listed = [row for row in engine.plan_of(one) if row["verdict"] == show]
    return {
        "show": show,
        "page": Paginator(listed, ON_A_PAGE).get_page(page),
        "can_write": not counts.get(engine.WRONG) and bool(counts.get("new") or counts.get("changed")),
    }


def _written(table, one: SheetImport, error: dict) -> str:
    """What stands in the cell that an error is about, as it may be shown."""
    place = one.mapping.get(error["name"])
    row = table.rows[error["row"] - 1] if error["row"] <= len(table.rows) else []
    if place is None or place["at"] >= len(row):
        return ""
    kind = kinds.get(one.kind)
    column = kind.column(error["name"]) if kind else None
    written = engine.said(row[place["at"]])
    return "" if column and column.is_secret and column.type == kinds.DIGITS else written


@cooperative_required(OWNER, SELLER)
@require_http_methods(["GET", "HEAD", "POST"])
def columns(request: HttpRequest, pk: int) -> HttpResponse:
    """Which column of her own sheet is which."""
    one = _own(request, pk)
    kind = _kind(request, one.kind)
    if one.state not in (SheetImport.State.UPLOADED, SheetImport.State.CHECKED):
        return redirect("suppliers:sheet", pk=one.pk)
    table = engine.table_of(one)
    places = list(engine.headings(table, one.heading_at))
    form = ColumnsForm(request.POST or None, kind=kind, sheet=one, places=places)
    if request.method == "POST" and form.is_valid():
        try:
            one = engine.name_columns(
                sheet=one, mapping=form.mapping, has_headings=not form.cleaned_data["has_no_headings"]
            )
        except ValidationError as error:
            form.add_error(None, error) if not hasattr(error, "error_dict") else _put(form, error)
        else:
            _go_on(one)
            return redirect("suppliers:sheet", pk=one.pk)
    context = {
        "sheet": one,
        "kind": kind,
        "form": form,
        "headings": [name for _place, name in places],
        "samples": engine.samples(table, one.heading_at),
    }
    return render(request, "cooperative/sheet_columns.html", context)


def _put(form: forms.Form, error: ValidationError) -> None:
    for name, errors in error.error_dict.items():
        form.add_error(name, errors)


@cooperative_required(OWNER, SELLER)
@require_POST
def write(request: HttpRequest, pk: int) -> HttpResponse:
    one = _own(request, pk)
    try:
        one = engine.confirm(sheet=one)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        _go_on(one)
    return redirect("suppliers:sheet", pk=one.pk)


@cooperative_required(OWNER, SELLER)
@require_POST
def take_back(request: HttpRequest, pk: int) -> HttpResponse:
    one = _own(request, pk)
    try:
        engine.undo(sheet=one, by=request.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, _("Taken back. Everything is as it was before this import."))
    return redirect("suppliers:sheet", pk=one.pk)


@cooperative_required(OWNER, SELLER)
@require_POST
def give_up(request: HttpRequest, pk: int) -> HttpResponse:
    one = engine.give_up(sheet=_own(request, pk))
    if one.state == SheetImport.State.REFUSED:
        messages.info(request, _("Given up. Nothing was written, and the sheet is not kept."))
    return redirect(reverse("suppliers:sheet_new", kwargs={"code": one.kind}))
