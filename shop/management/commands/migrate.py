from django.core.management.commands.migrate import Command as Migrate

from shop import database


class Command(Migrate):
    """Django's migrate, with our views and triggers out of its way while it works."""

    def handle(self, *args, **options):
        database.remove()
        try:
            return super().handle(*args, **options)
        finally:
            database.install()
