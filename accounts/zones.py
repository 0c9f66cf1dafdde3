"""The time zones to choose from: those most of our members live in first, then the rest by region.

What is stored is the name of the IANA database. Its old and double names (Brazil/East,
America/Buenos_Aires) stay valid for whoever has one, but are not offered.
"""

from __future__ import annotations

import zoneinfo
from functools import cache
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _

BRAZIL = [
    ("America/Sao_Paulo", "Brasília, São Paulo, Rio de Janeiro"),
    ("America/Bahia", "Salvador"),
    ("America/Recife", "Recife"),
    ("America/Fortaleza", "Fortaleza"),
    ("America/Belem", "Belém"),
    ("America/Cuiaba", "Cuiabá"),
    ("America/Campo_Grande", "Campo Grande"),
    ("America/Manaus", "Manaus"),
    ("America/Porto_Velho", "Porto Velho"),
    ("America/Boa_Vista", "Boa Vista"),
    ("America/Rio_Branco", "Rio Branco"),
    ("America/Noronha", "Fernando de Noronha"),
]
OFTEN = [
    ("Europe/Lisbon", _("Lisbon")),
    ("Europe/London", _("London")),
    ("America/New_York", _("New York")),
    ("UTC", _("World time (UTC)")),
]
REGIONS = {
    "Africa": _("Africa"),
    "America": _("The Americas"),
    "Antarctica": _("Antarctica"),
    "Asia": _("Asia"),
    "Atlantic": _("Atlantic Ocean"),
    "Australia": _("Australia"),
    "Europe": _("Europe"),
    "Indian": _("Indian Ocean"),
    "Pacific": _("Pacific Ocean"),
}


def zone_choices() -> list[tuple[Any, list[tuple[str, Any]]]]:
    """Every zone once, in groups, as a select shows them."""
    first = {name for name, _label in BRAZIL + OFTEN}
    regions: dict[str, list[tuple[str, Any]]] = {region: [] for region in REGIONS}
    for name in present_names():
        if name not in first:
            regions[name.partition("/")[0]].append((name, place(name)))
    named = [(REGIONS[region], sorted(zones, key=lambda zone: zone[1])) for region, zones in regions.items() if zones]
    return [(_("Brazil"), BRAZIL), (_("Often chosen"), OFTEN), *named]


def zone_label(name: str) -> str:
    """What a select calls the zone: its cities, or the place it is named after."""
    return str(dict([*BRAZIL, *OFTEN]).get(name) or place(name))


def place(name: str) -> str:
    """ "America/Argentina/Buenos_Aires" → "Buenos Aires, Argentina"."""
    return ", ".join(reversed(name.split("/")[1:])).replace("_", " ") or name


@cache
def present_names() -> frozenset[str]:
    """The names Area/City in use today: those of the database's own table of places, where it came with one."""
    known = zoneinfo.available_timezones()
    tables = (Path(folder) / "zone.tab" for folder in zoneinfo.TZPATH)
    table = next((path.read_text(encoding="utf-8") for path in tables if path.is_file()), "")
    of_places = {line.split("\t")[2] for line in table.splitlines() if line.count("\t") >= 2 and line[0] != "#"}
    return frozenset(name for name in of_places & known or known if name.partition("/")[0] in REGIONS)
