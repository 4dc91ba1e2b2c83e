"""What stands in an address."""

from django.urls import register_converter
from django.urls.converters import IntConverter


class RowId(IntConverter):
    """A number that a row can have (`<row:pk>`): SQLite cannot look for one of thirty digits."""

    regex = "[0-9]{1,18}"


register_converter(RowId, "row")
