from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from shop import backup


class Command(BaseCommand):
    """Copy database and uploaded pictures into a new folder, while the shop goes on selling."""

    help = "Write a backup: backup DIR"

    def add_arguments(self, parser):
        parser.add_argument("folder", type=Path, metavar="DIR", help="a folder that is empty or not there yet")

    def handle(self, *, folder: Path, **options):
        try:
            backup.make(folder)
        except backup.BackupError as error:
            raise CommandError(str(error)) from error
        for path in sorted(folder.iterdir()):
            self.stdout.write(f"{path}  {path.stat().st_size:,} bytes")
