from django.core.management.base import BaseCommand

from shop.demo import reference


class Command(BaseCommand):
    """Write what a shop stands on before anything is sold. Run again, it adds what is missing and changes nothing."""

    help = "Load townships, villages, carriers, approved distances and the offices' roles: reference [--programme]"

    def add_arguments(self, parser):
        parser.add_argument(
            "--programme",
            action="store_true",
            help="the demo's subsidy programme too: its terms and budgets are invented",
        )

    def handle(self, *, programme: bool, **options):
        for what, count in reference.load(programme=programme).items():
            self.stdout.write(f"{what}: {count}")
