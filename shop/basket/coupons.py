"""Coupon codes (Oscar's vouchers) put into a basket and taken out of it."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from oscar.core.loading import get_class, get_model

from shop.templatetags.almanac import month_day
from suppliers.base import days
from suppliers.base.fields import plain
from suppliers.base.money import fen_of

Applicator = get_class("offer.applicator", "Applicator")
Voucher = get_model("voucher", "Voucher")

LONGEST = 40


def use(*, basket, code: str, user) -> None:
    """Put the coupon of this `code` into `basket`. Raises ValidationError saying why it is of no use there."""
    code = plain(code).upper().replace(" ", "")[:LONGEST].replace("\x00", "")
    if not code:
        raise ValidationError(_("Write the code that is on the coupon."))
    voucher = Voucher.objects.filter(code=code).first()
    if voucher is None:
        raise ValidationError(_("There is no coupon with this code. Please check it sign by sign."))
    if voucher.is_expired():
        raise ValidationError(_("This coupon was good until %(day)s.") % {"day": _day(voucher.end_datetime)})
    if not voucher.is_active():
        raise ValidationError(_("This coupon is good from %(day)s.") % {"day": _day(voucher.start_datetime)})
    if not voucher.is_available_to_user(user=user)[0]:
        if voucher.usage == voucher.ONCE_PER_CUSTOMER and not user.is_authenticated:
            raise ValidationError(_("This coupon is for buyers with an account: please sign in."))
        raise ValidationError(_("This coupon was used already."))
    buyer = user if user.is_authenticated else None
    if not any(offer.get_max_applications(buyer) for offer in voucher.offers.all()):
        raise ValidationError(_("This coupon is used up: others were faster."))
    if not basket.vouchers.filter(pk=voucher.pk).exists():
        basket.vouchers.add(voucher)
        apply(basket, user=user)
        if not any(one["voucher"] == voucher for one in _given(basket)):
            basket.vouchers.remove(voucher)
            apply(basket, user=user)
            raise ValidationError(_("This coupon is not for what is in your basket, or needs more of it."))


def drop(*, basket, code: str, user) -> None:
    """Take the coupon of this `code` out of `basket`; one that is not in it changes nothing."""
    if basket.pk:
        basket.vouchers.remove(*basket.vouchers.filter(code=code[:128].replace("\x00", "")))
        apply(basket, user=user)


def apply(basket, *, user) -> None:
    """Work the offers of `basket` out again."""
    basket.reset_offer_applications()
    Applicator().apply(basket, user)


def given(basket) -> list[dict]:
    """What coupons and offers take off the goods of `basket`: name, code ("" for an offer) and fen, by line sums."""
    found: dict[int, dict] = {}
    applied = {one["offer"].pk: one for one in _given(basket)}
    for line in basket.all_lines():
        for discount in line.discounts:
            if one := applied.get(discount.offer.pk):
                voucher = one["voucher"]
                entry = found.setdefault(
                    discount.offer.pk,
                    {
                        "name": voucher.name if voucher else one["name"],
                        "code": voucher.code if voucher else "",
                        "fen": 0,
                    },
                )
                entry["fen"] += fen_of(discount.amount)
    return list(found.values())


def _given(basket) -> list[dict]:
    return [one for one in basket.offer_applications if one["result"].affects_basket and one["discount"] > 0]


def _day(moment) -> str:
    return month_day(days.day_of(moment))
