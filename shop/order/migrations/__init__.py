"""Oscar's migrations of this app, and after them our own: Oscar's are found where they are, not copied."""

from oscar.apps.order import migrations as oscars

__path__ += [path for path in oscars.__path__ if path not in __path__]
