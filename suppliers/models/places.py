from django.db import models
from django.utils.translation import gettext_lazy as _


class Township(models.Model):
    """A township or street of Wuxi County (乡镇/街道), by its GB code of 9 digits."""

    code = models.CharField(_("code"), max_length=9, primary_key=True)
    name = models.CharField(_("name"), max_length=40)
    former_names = models.JSONField(_("former names"), default=list, blank=True)
    is_deep_poverty = models.BooleanField(_("deep-poverty township"), default=False)

    class Meta:
        ordering = ["code"]
        verbose_name = _("township")
        verbose_name_plural = _("townships")

    def __str__(self) -> str:
        return self.name


class Village(models.Model):
    """A village or community (村/社区), by its GB code of 12 digits."""

    code = models.CharField(_("code"), max_length=12, primary_key=True)
    township = models.ForeignKey(Township, models.PROTECT, related_name="villages", verbose_name=_("township"))
    name = models.CharField(_("name"), max_length=60)

    class Meta:
        ordering = ["code"]
        verbose_name = _("village")
        verbose_name_plural = _("villages")

    def __str__(self) -> str:
        return self.name
