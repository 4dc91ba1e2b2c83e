"""A paper that a cooperative adds."""

from django import forms
from django.utils.translation import gettext_lazy as _

from .base import days
from .base.fields import DayField, PaperField, PlainCharField, RowField
from .certificates import Paper
from .models import Batch, Certificate, Cooperative, Produce


class CertificateForm(forms.Form):
    """A certificate. `paper` is it as suppliers.certificates.add takes it."""

    content = PaperField(
        label=_("Photo or PDF of the paper"),
        required=False,
        help_text=_("Everybody can look at it beside the product."),
    )
    kind = forms.ChoiceField(label=_("What is it?"), choices=Certificate.Kind.choices, widget=forms.RadioSelect)
    number = PlainCharField(label=_("Number on it"), max_length=60)
    produce = RowField(
        label=_("Of which product?"), queryset=Produce.objects.none(), required=False, empty_label=_("of all we sell")
    )
    batch = RowField(
        label=_("Of which batch?"),
        queryset=Batch.objects.none(),
        required=False,
        empty_label=_("of no single batch"),
    )
    issuer = PlainCharField(label=_("Issued by"), max_length=80, required=False)
    issued_on = DayField(label=_("Issued on"))
    expires_on = DayField(label=_("Valid until"), required=False, help_text=_("Empty where it has no end."))

    def __init__(self, data=None, files=None, *, cooperative: Cooperative):
        super().__init__(data, files, initial={"issued_on": days.today()})
        self.fields["produce"].queryset = Produce.objects.filter(cooperative=cooperative)
        batches = Batch.objects.filter(produce__cooperative=cooperative)
        self.fields["batch"].queryset = batches
        if not batches.exists():
            del self.fields["batch"]

    @property
    def paper(self) -> Paper:
        return Paper(**self.cleaned_data)
