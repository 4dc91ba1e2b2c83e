"""Where a request comes from. How often something may be tried is counted by suppliers.base.limits."""

import ipaddress

from allauth.account.adapter import get_adapter
from django.http import HttpRequest

from suppliers.base.limits import DAY, HOUR, MINUTE, Limit, forget, give_back, stand_alone, take

__all__ = ["DAY", "HOUR", "MINUTE", "Limit", "address_of", "forget", "give_back", "stand_alone", "take"]


def address_of(request: HttpRequest) -> str:
    """Where `request` comes from: an IPv4 address, or the network that a household or a phone has of IPv6."""
    address = get_adapter().get_client_ip(request)
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ip) if ip.version == 4 else str(ipaddress.ip_network((ip, 64), strict=False))
