"""The bars of the cooperative's desk and of the county's, from shop.doors."""

from django import template

from shop import doors

register = template.Library()


@register.inclusion_tag("cooperative/_menu.html", takes_context=True)
def desk_bar(context) -> dict:
    request = context["request"]
    here = request.resolver_match.view_name if request.resolver_match else ""
    shown = doors.tabs(request.staff_role)
    return {
        "tabs": [(door, door.is_open_at(here)) for door in shown],
        "is_elsewhere": not any(d.is_open_at(here) for d in shown),
    }


@register.inclusion_tag("officials/_nav.html", takes_context=True)
def office_bar(context) -> dict:
    """The first doors in the bar, the others in groups behind one more; all in the bar where they are few."""
    request = context["request"]
    here = request.resolver_match.view_name if request.resolver_match else ""
    groups = doors.at_office(request.user)
    found = [door for _name, several in groups for door in several]
    bar = found if len(found) <= doors.IN_THE_BAR + 1 else found[: doors.IN_THE_BAR]
    behind = [
        (name, [(door, door.is_open_at(here)) for door in several if door not in bar]) for name, several in groups
    ]
    return {
        "bar": [(door, door.is_open_at(here)) for door in bar],
        "behind": [(name, several) for name, several in behind if several],
        "open_one": next((door.name for door in found if door not in bar and door.is_open_at(here)), ""),
    }


@register.simple_tag(takes_context=True)
def office_home(context) -> str:
    """Where an official begins."""
    groups = doors.at_office(context["request"].user)
    return groups[0][1][0].url if groups else "/"
