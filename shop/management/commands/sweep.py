from django.core.management.base import BaseCommand

from shop.tasks import sweep_now


class Command(BaseCommand):
    """Do by hand what the worker's sweep does every minute."""

    help = "Expire unpaid orders, receive by default, trace late lots, pass after-sales on, assess shipments."

    def handle(self, *args, **options):
        for what, count in sweep_now().items():
            self.stdout.write(f"{what}: {count}")
