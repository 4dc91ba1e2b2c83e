"""Charts, drawn on the server as SVG: the same picture on the page and on paper, and no script in the browser."""

import datetime as dt
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from django.core.cache import cache
from django.utils.translation import gettext as _

from .figures import Month

# Colours that are told apart in grey print and by people who see no red or green.
BAR, LINE, INK = "#8fb3a5", "#b4532a", "#3d3a34"
FONT = "Noto Sans CJK SC, Source Han Sans SC, PingFang SC, Microsoft YaHei, WenQuanYi Micro Hei, sans-serif"


@dataclass(frozen=True)
class Point:
    """A month as everybody may see it: where the count would tell of one or two households, it has none."""

    starts_on: dt.date
    sales_fen: int
    cumulative: int | None


def months(rows: Sequence[Month] | Sequence[Point], *, is_narrow: bool = False) -> str:
    """Sales of each month as bars, households helped since the window's first day as a line; an SVG document.

    `is_narrow` for a phone's screen.
    """
    width = 270 if is_narrow else 760
    values = [
        {
            "month": f"{row.starts_on:%Y-%m}",
            "wan": row.sales_fen / 1_000_000,  # for drawing only
            "households": row.cumulative,
        }
        for row in rows
    ]
    x = {
        "field": "month",
        "type": "ordinal",
        "title": None,
        "axis": {"labelAngle": 0 if len(rows) <= (1 if is_narrow else 12) else -60},
    }
    wan = _("Sales (10,000 yuan)")
    cumulative = _("Households helped, cumulative (distinct)")
    spec = {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "width": width,
        "height": 260,
        "padding": 8,
        "data": {"values": values},
        "encoding": {"x": x},
        "layer": [
            {
                "mark": {"type": "bar", "color": BAR, "size": max(6, min(48, width // (2 * len(rows))))},
                "encoding": {"y": {"field": "wan", "type": "quantitative", "axis": {"title": wan, "format": ",~f"}}},
            },
            {
                "layer": [
                    {"mark": {"type": "line", "color": LINE, "strokeWidth": 2.5}},
                    {"mark": {"type": "point", "color": LINE, "filled": True, "size": 60}},
                    *(
                        [
                            {
                                "mark": {"type": "text", "color": LINE, "dy": -12, "fontSize": 13},
                                "encoding": {"text": {"field": "households", "format": ","}},
                            }
                        ]
                        if len(rows) <= (6 if is_narrow else 18)
                        else []
                    ),
                ],
                "encoding": {
                    "y": {
                        "field": "households",
                        "type": "quantitative",
                        "scale": {"zero": True},
                        "axis": {
                            "title": cumulative,
                            "grid": False,
                            "titleColor": LINE,
                            "tickMinStep": 1,
                            "format": ",d",
                        },
                    }
                },
            },
        ],
        "resolve": {"scale": {"y": "independent"}},
        "config": {
            "font": FONT,
            "background": None,
            "axis": {
                "labelColor": INK,
                "titleColor": INK,
                "labelFontSize": 13,
                "titleFontSize": 13,
                "gridColor": "#e6e1d6",
            },
            "view": {"stroke": None},
        },
    }
    return _drawn(spec)


def _drawn(spec: dict) -> str:
    """`spec` as SVG; the same spec is drawn once."""
    key = "chart-" + hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()
    svg = cache.get(key)
    if svg is None:
        import vl_convert  # it starts a JavaScript engine: only a process that draws has one

        svg = vl_convert.vegalite_to_svg(spec)
        cache.set(key, svg)
    return svg
