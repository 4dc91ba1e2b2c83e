"""{% lucide "name" %} with a memory: the package takes its drawing apart and writes it anew each time, a millisecond a page.

Templates load it by the package's own name (TEMPLATES in shop.settings).
"""

from functools import lru_cache

from django import template
from lucide.templatetags.lucide import lucide

register = template.Library()
register.simple_tag(lru_cache(maxsize=500)(lucide), name="lucide")
