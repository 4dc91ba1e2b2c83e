from oscar.apps.analytics.apps import AnalyticsConfig as OscarAnalyticsConfig


class AnalyticsConfig(OscarAnalyticsConfig):
    """Oscar's analytics without its counting: the dashboard's reports and the tables stay.

    Oscar updates a row of the product on every page view, and again inside the transaction that places an order, in
    the order of the basket: two orders of the same goods could dead-lock, and the first sale of a product could fail.
    """

    def ready(self) -> None:
        """Connect none of Oscar's receivers."""
