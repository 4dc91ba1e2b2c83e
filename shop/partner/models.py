"""Oscar's partners and stock; stock changes only by conditional UPDATEs (Oscar's own sold 41 of 8)."""

from django.core.exceptions import ValidationError
from django.db.models import F, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from oscar.apps.partner.abstract_models import AbstractStockRecord
from oscar.core.loading import is_model_registered

from .exceptions import InvalidStockAdjustment, OutOfStock

ALLOCATED = Coalesce(F("num_allocated"), Value(0))

if not is_model_registered("partner", "StockRecord"):

    class StockRecord(AbstractStockRecord):
        """The stock of one product: `num_in_stock` is in the store, `num_allocated` of it is sold and not yet gone."""

        @classmethod
        def from_db(cls, db, field_names, values):
            record = super().from_db(db, field_names, values)
            record._was_in_stock = record.__dict__.get("num_in_stock")
            return record

        @property
        def free(self) -> int:
            """How many can be bought now: in store and not sold, never less than none."""
            return max(self.net_stock_level or 0, 0)

        def clean(self) -> None:
            """Refuse, at its field, a count below what is sold and not yet gone, and a price that is none."""
            super().clean()
            errors, held = {}, self.num_allocated or 0
            if self.num_in_stock is not None and self.num_in_stock < held:
                errors["num_in_stock"] = ngettext(
                    "%(held)d of these is sold and not sent yet. Cancel or refund its order first.",
                    "%(held)d of these are sold and not sent yet. Cancel or refund their orders first.",
                    held,
                ) % {"held": held}
            if self.price is not None and self.price <= 0:
                errors["price"] = _("Write a price above zero.")
            if errors:
                raise ValidationError(errors)

        def save(self, *args, **kwargs) -> None:
            """Save what a form changed: of the counts, the difference it made, as orders go on while it is open."""
            was = getattr(self, "_was_in_stock", None)
            if self._state.adding or was is None or self.num_in_stock is None or "update_fields" in kwargs:
                super().save(*args, **kwargs)
            else:
                counts = ("num_in_stock", "num_allocated")
                others = [f.name for f in self._meta.concrete_fields if f.name not in counts and not f.primary_key]
                if self.num_in_stock != was:
                    difference = self.num_in_stock - was
                    type(self).objects.filter(pk=self.pk).update(num_in_stock=F("num_in_stock") + difference)
                super().save(*args, update_fields=others, **kwargs)
                self.refresh_from_db(fields=counts)
            self._was_in_stock = self.num_in_stock

        def allocate(self, quantity: int) -> None:
            """Hold `quantity` for an order. Raises OutOfStock where that much is not free; nothing is changed then."""
            if not self.can_track_allocations:
                return
            free = F("num_in_stock") - ALLOCATED
            if not self._change(quantity, {"allocated": quantity}, free=free):
                raise OutOfStock(self, quantity)

        allocate.alters_data = True

        def consume_allocation(self, quantity: int) -> None:
            """Take `quantity` that was held out of the store. Raises InvalidStockAdjustment where it was not held."""
            if not self.can_track_allocations:
                return
            change = {"allocated": -quantity, "in_stock": -quantity}
            if not self._change(quantity, change, num_allocated=F("num_allocated"), num_in_stock=F("num_in_stock")):
                raise InvalidStockAdjustment(f"{quantity} of {self.partner_sku} were not held")

        consume_allocation.alters_data = True

        def cancel_allocation(self, quantity: int) -> None:
            """Give `quantity` that was held back to sale. Raises InvalidStockAdjustment where it was not held."""
            if not self.can_track_allocations:
                return
            if not self._change(quantity, {"allocated": -quantity}, num_allocated=F("num_allocated")):
                raise InvalidStockAdjustment(f"{quantity} of {self.partner_sku} were not held")

        cancel_allocation.alters_data = True

        def _change(self, quantity: int, change: dict[str, int], **at_least) -> bool:
            """Change the counts in one statement if every one of `at_least` is `quantity` or more; say whether it did."""
            if quantity < 1:
                raise InvalidStockAdjustment(f"{quantity} is no quantity of {self.partner_sku}")
            rows = (
                type(self).objects.filter(pk=self.pk).annotate(**{f"had_{name}": of for name, of in at_least.items()})
            )
            changed = rows.filter(**{f"had_{name}__gte": quantity for name in at_least}).update(
                num_allocated=ALLOCATED + change["allocated"],
                num_in_stock=F("num_in_stock") + change.get("in_stock", 0),
            )
            if changed:
                # What they are now is asked for when somebody looks at them.
                self.__dict__.pop("num_allocated", None)
                self.__dict__.pop("num_in_stock", None)
                if self.low_stock_threshold is not None:
                    self.post_save_signal()  # Oscar's alert of low stock to the staff
            return bool(changed)


from oscar.apps.partner.models import *  # noqa: E402, F403
