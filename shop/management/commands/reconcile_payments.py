from django.core.management.base import BaseCommand, CommandError

from shop.payments.models import Payment
from suppliers.base.money import yuan_text


class Command(BaseCommand):
    """List money that came in and belongs to no order: it is to be given back by hand. Exits 1 if there is any."""

    help = "Compare the payments that were taken with the orders they pay for."

    def handle(self, *args, **options):
        stray = Payment.objects.filter(kind=Payment.Kind.PAID, applied=False).select_related("order")
        for payment in stray:
            self.stdout.write(
                f"{payment.at:%Y-%m-%d %H:%M} {payment.gateway} {payment.event_id}: {yuan_text(payment.amount_fen)} yuan"
                f" for order {payment.order.number} ({payment.order.status}) was not applied"
            )
        if stray:
            raise CommandError(f"{len(stray)} payments are to be given back by hand.")
        self.stdout.write("Every payment belongs to its order.")
