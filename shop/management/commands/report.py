from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from shop.reports import exports
from shop.reports.figures import one_moment
from shop.reports.forms import WindowForm
from shop.reports.report import Report


class Command(BaseCommand):
    """Write the officials' report of a window: report.json with all figures, and a CSV for each table and the detail."""

    help = "Write the report into files: report --from 2019-01-01 --to 2019-06-30 --out DIR"

    def add_arguments(self, parser):
        parser.add_argument("--from", dest="starts", required=True, help="first day, 2019-01-01")
        parser.add_argument("--to", dest="ends", required=True, help="last day, 2019-06-30")
        parser.add_argument("--out", type=Path, required=True, help="the folder to write to")

    def handle(self, *, starts: str, ends: str, out: Path, **options):
        form = WindowForm({"from": starts, "to": ends})
        if not form.is_valid():
            raise CommandError(" ".join(message for messages in form.errors.values() for message in messages))
        with one_moment():
            for path in exports.write_files(Report(**form.cleaned_data), out):
                self.stdout.write(str(path))
