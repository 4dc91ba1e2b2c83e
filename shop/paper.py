"""Paper as suppliers.base.paper sets it, under the name that pages of the shop know."""

from suppliers.base.paper import SANS, SERIF, pdf, png

__all__ = ["SANS", "SERIF", "pdf", "png"]
