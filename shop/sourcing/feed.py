"""The board for machines: JSON and CSV with stable fields (docs/supply-feed.md)."""

from collections.abc import Iterator

from . import board

SCHEMA = "wuxi-direct/supply/1"
FIELDS = ("kind", "name", "week_on", "township", "township_name", "grade", "g", "low_fen_per_kg", "high_fen_per_kg")


def rows(known: board.Told, wanted: board.Wanted) -> Iterator[tuple]:
    """Each public cell that is asked for, as FIELDS; township empty: several together."""
    for cell in known.cells:
        if wanted.has(cell) and (wanted.starts_on is None or wanted.has_week(cell.week_on, known.today)):
            yield (
                cell.kind,
                known.kind(cell.kind),
                cell.week_on.isoformat(),
                cell.township or None,
                known.townships.get(cell.township),
                cell.grade,
                cell.g,
                cell.low_fen_per_kg,
                cell.high_fen_per_kg,
            )


def as_json(known: board.Told, wanted: board.Wanted) -> dict:
    return {
        "schema": SCHEMA,
        "as_of": known.today.isoformat(),
        "cells": [dict(zip(FIELDS, row, strict=True)) for row in rows(known, wanted)],
    }
