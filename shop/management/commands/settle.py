import datetime as dt

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from logistics import actions
from suppliers.base.money import yuan_text


def period(text: str) -> tuple[dt.date, dt.date]:
    """Both days of a period written 2019-01-01..2019-06-30."""
    try:
        starts, ends = (dt.date.fromisoformat(day) for day in text.split(".."))
    except ValueError as error:
        raise CommandError("Write the period as 2019-01-01..2019-06-30.") from error
    return starts, ends


class Command(BaseCommand):
    """Pay the awards of a period in the order of the queue. Killed and run again, it goes on where it stood."""

    help = "Settle an envelope of a subsidy programme: settle WX-SD-DEMO 2019-01-01..2019-06-30 [--dry-run]"

    def add_arguments(self, parser):
        parser.add_argument("programme")
        parser.add_argument("period", help="2019-01-01..2019-06-30")
        parser.add_argument("--dry-run", action="store_true", help="show what would be paid, write nothing")

    def handle(self, *args, programme, **options):
        starts, ends = period(options["period"])
        try:
            if options["dry_run"]:
                results = [
                    (item.candidate.rule, item.award.shipment.cooperative.code, paid)
                    for item, paid in actions.preview(programme=programme, starts=starts, ends=ends)
                ]
                rows = [(rule, code, p.paid_fen, p.deferred_fen, p.cut_fen) for rule, code, p in results]
            else:
                settlement = actions.settle(programme=programme, starts=starts, ends=ends)
                rows = settlement.items.values_list(
                    "rule", "award__shipment__cooperative__code", "paid_fen", "deferred_fen", "cut_fen"
                )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self._print(list(rows), dry=options["dry_run"])

    def _print(self, rows, *, dry: bool) -> None:
        say = self.stdout.write
        say(f"{'would be paid' if dry else 'paid'} {yuan_text(sum(r[2] for r in rows))} for {len(rows)} awards")
        for label, column in (("rule", 0), ("cooperative", 1)):
            for key in sorted({row[column] for row in rows}):
                say(f"  {label} {key}: {yuan_text(sum(r[2] for r in rows if r[column] == key))}")
        say(f"deferred {yuan_text(sum(r[3] for r in rows))}, cut {yuan_text(sum(r[4] for r in rows))}")
        say(f"paid in part: {sum(1 for r in rows if r[2] and r[3])}")
