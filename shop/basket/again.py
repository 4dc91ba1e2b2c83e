"""What was bought once, into the basket once more: as much of it as there is."""

from dataclasses import dataclass, field

from suppliers.models import Pack


@dataclass
class Again:
    """What came of it, by title: `put` in full, `short` in part (with how many), `gone`."""

    put: list[str] = field(default_factory=list)
    short: list[tuple[str, int]] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)


def buy_again(*, basket, order) -> Again:
    """Put the packs of `order` into `basket`, none of them more often than it is free."""
    lines = list(order.lines.order_by("pk"))
    packs = (
        Pack.objects.select_related("product", "produce__cooperative")
        .prefetch_related("product__stockrecords")
        .in_bulk([line.product_id for line in lines if line.product_id])
    )
    done = Again()
    for line in lines:
        pack = packs.get(line.product_id)
        free = _free(basket, pack) if pack else 0
        if free <= 0:
            done.gone.append(line.title)
            continue
        number = min(line.quantity, free)
        basket.add_product(pack.product, number)
        if number == line.quantity:
            done.put.append(pack.product.title)
        else:
            done.short.append((pack.product.title, number))
    return done


def _free(basket, pack: Pack) -> int:
    """How many of `pack` a private buyer can still add to `basket`."""
    if not pack.product.is_public or pack.is_suspended or pack.is_for_institutions:
        return 0
    stock = next(iter(pack.product.stockrecords.all()), None)
    if stock is None or stock.price is None:
        return 0
    return stock.free - basket.quantities().get(pack.pk, 0)
