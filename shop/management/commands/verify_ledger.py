from django.core.management.base import BaseCommand, CommandError

from shop import invariants


class Command(BaseCommand):
    """Recompute the books from their single entries. Exits 1, and says what differs, if anything does."""

    help = "Check every invariant of sales, allocations, credits, awards, ledger and stock."

    def handle(self, *args, **options):
        broken = list(invariants.violations())
        for name, rows in broken:
            self.stderr.write(f"BROKEN: {name}")
            for what, stands, should in rows:
                self.stderr.write(f"    {what}: stands {stands}, should be {should}")
        if broken:
            raise CommandError(f"{len(broken)} of {len(invariants.INVARIANTS)} invariants do not hold.")
        self.stdout.write(f"All {len(invariants.INVARIANTS)} invariants hold.")
