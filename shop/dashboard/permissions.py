from typing import ClassVar


class DashboardPermission:
    """Who may open a page of Oscar's dashboard: county staff, all of it; nobody else any of it.

    Oscar would let in whoever has one permission on a model: a cooperative could cancel another's orders.
    """

    staff: ClassVar = ["is_staff"]
    partner_dashboard_access: ClassVar = ["is_staff"]

    @classmethod
    def get(cls, app_label: str, *codenames: str) -> list[str]:
        return cls.staff
