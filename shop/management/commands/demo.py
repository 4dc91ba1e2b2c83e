import sys
import time

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from shop import demo


class Command(BaseCommand):
    """Fill the shop with the demo: a half-year of 2019, and a present to click through. Run again, it changes nothing."""

    help = "Load demo data: demo [--scale small|full] [--inputs FILE] [--no-settle]"

    def add_arguments(self, parser):
        parser.add_argument("--scale", choices=("small", "full"), default="full")
        parser.add_argument("--inputs", help="another half-year's inputs (JSON) in place of --scale")
        parser.add_argument("--no-settle", action="store_true", help="leave the half-year's awards provisional")
        parser.add_argument("--no-present", action="store_true", help="the half-year alone")

    def handle(self, *args, **options):
        if settings.PRODUCTION:
            raise CommandError("This is production, and everybody knows the password of the demo's people.")
        began = time.monotonic()
        demo.load(
            options["inputs"] or options["scale"],
            say=self._say,
            settle=not options["no_settle"],
            present=not options["no_present"],
        )
        self._say(f"ready after {time.monotonic() - began:.1f} s", end="\n")

    def _say(self, text: str, *, end: str = "\n") -> None:
        if end == "\r" and not sys.stdout.isatty():
            return  # a bar that moves is for people at a terminal
        self.stdout.write(f"demo: {text:<60}", ending=end)
        self.stdout.flush()
