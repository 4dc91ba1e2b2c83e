from pathlib import Path

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from shop import backup


class Command(BaseCommand):
    """Put a backup back, then bring it to where this code expects the database."""

    help = "Restore a backup: restore DIR [--force]"
    requires_migrations_checks = False

    def add_arguments(self, parser):
        parser.add_argument("folder", type=Path, metavar="DIR", help="what `backup` wrote")
        parser.add_argument("--force", action="store_true", help="replace a database that is not empty")

    def handle(self, *, folder: Path, force: bool, **options):
        try:
            backup.restore(folder, force=force)
        except backup.BackupError as error:
            raise CommandError(str(error)) from error
        call_command("migrate", verbosity=0, interactive=False)
        self.stdout.write(f"{folder} is restored. `manage.py verify_ledger` recomputes its books.")
