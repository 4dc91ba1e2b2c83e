"""What is printed while packing, set by typst (suppliers.base.paper): the pick list, the slip in the box, the label on it."""

from collections.abc import Callable, Iterable, Sequence

from django.utils.translation import gettext as _

from logistics.models import Consignment
from suppliers.base import days, paper, qr
from suppliers.base.money import kg_text
from suppliers.base.privacy import mask_mobile, mask_name
from suppliers.models import Certificate, Cooperative

from .. import places
from .picking import Fetch, boxes_of, contact_of

MOST_LABELS = 200

_HEAD = """
#let d = json(bytes(sys.inputs.data))
#set text(font: "Noto Sans SC", size: 11pt, lang: "zh")
#let serif(size, body) = text(font: "Noto Serif SC", size: size, weight: "bold", body)
#let quiet(body) = text(size: 9pt, fill: luma(80), body)
"""

PICK_LIST = (
    _HEAD
    + """
#set page(paper: "a4", margin: (x: 18mm, y: 16mm), numbering: "1 / 1")
#serif(20pt, d.title)
#v(-2mm)
#quiet(d.foot)
#v(3mm)
#for one in d.goods [
  #block(breakable: false, width: 100%, stroke: .6pt + luma(140), radius: 2mm, inset: 4mm, below: 4mm)[
    #serif(15pt, one.name) #h(1fr) #serif(15pt, one.weight)
    #for kind in one.boxes [\\ #box(width: 4.5mm, height: 4.5mm, stroke: .8pt) #h(2mm) #kind.at(0) #h(1fr) #text(size: 14pt, weight: "bold", "× " + kind.at(1))]
    #v(1mm)
    #for take in one.takes [#quiet(take) \\ ]
  ]
]
"""
)

SLIPS = (
    _HEAD
    + """
#set page(paper: "a5", margin: (x: 12mm, y: 12mm))
#for (n, one) in d.slips.enumerate() [
  #if n > 0 { pagebreak() }
  #grid(columns: (1fr, auto), column-gutter: 6mm,
    [#serif(18pt, d.title) \\ #v(1mm) #one.cooperative \\ #quiet(one.order)],
    [#image(bytes(one.qr), format: "svg", width: 24mm) #align(center, quiet(one.code))])
  #v(2mm)
  #quiet(one.receiver)
  #table(columns: (1fr, auto, auto), inset: 6pt, align: (left, right, right), stroke: (x: none, y: .5pt + luma(150)),
    table.header(..d.head.map(quiet)), ..one.lines.flatten())
  #if one.note != "" [#v(1mm) #quiet(d.note) \\ #one.note]
  #if one.rest != "" [#v(1mm) #one.rest]
  #v(2mm)
  #for said in one.papers [#quiet(said) \\ ]
  #v(1fr)
  #line(length: 100%, stroke: .5pt + luma(150))
  #for said in d.thanks [#text(size: 10pt, said) \\ ]
]
"""
)

LABELS = (
    _HEAD
    + """
#set page(width: 100mm, height: 100mm, margin: 5mm)
#for (n, one) in d.labels.enumerate() [
  #if n > 0 { pagebreak() }
  #grid(columns: (1fr, auto), serif(24pt, one.city), align(right, serif(18pt, one.box)))
  #v(-3mm)
  #text(size: 12pt, weight: "bold", one.way)
  #line(length: 100%, stroke: 1pt)
  #text(size: 13pt, weight: "bold", one.name + "　" + one.mobile) \\
  #text(size: 11pt, one.address)
  #line(length: 100%, stroke: .5pt)
  #grid(columns: (1fr, 27mm), column-gutter: 3mm,
    [#text(size: 12pt, weight: "bold", one.goods) \\ #if one.cold != "" [#box(stroke: 1pt, inset: 1.5mm, text(weight: "bold", one.cold)) \\ ] #v(1mm) #text(size: 9pt)[#one.cooperative \\ #one.no]],
    [#image(bytes(one.qr), format: "svg", width: 27mm) #v(-2mm) #align(center, text(size: 8pt, one.code))])
]
"""
)


def pick_list(cooperative: Cooperative, fetching: Sequence[Fetch], *, way: str) -> bytes:
    """The list to take to the store, as a PDF: boxes to tick, weights, lots. No buyer is named."""
    return paper.pdf(
        PICK_LIST,
        title=_("Pick list"),
        foot=" · ".join(filter(None, [cooperative.name, way, f"{days.today():%Y-%m-%d}"])),
        goods=[
            {
                "name": one.name,
                "weight": _kg(one.g),
                "boxes": [[title, str(n)] for title, n in one.boxes],
                "takes": [
                    _("from lot %(no)s: %(kg)s") % {"no": take.lot_no, "kg": _kg(take.g)}
                    if take.lot_no
                    else _("without a verified slip: %(kg)s") % {"kg": _kg(take.g)}
                    for take in one.takes
                ],
            }
            for one in fetching
        ],
    )


def slips(consignments: Iterable[Consignment], *, address_of: Callable[[str], str]) -> bytes:
    """A slip for each of `consignments`, as a PDF: what is in the box. Whoever opens it on the way reads no full name.

    `address_of` gives the address of the trace page of a code.
    """
    consignments = list(consignments)
    papers = _papers({line.sale_line.produce_id for one in consignments for line in one.order.own_lines})
    return paper.pdf(
        SLIPS,
        title=_("What is in the box"),
        head=[_("Goods"), _("Boxes"), _("Net weight")],
        note=_("Your note"),
        thanks=[
            _(
                "Please look into the box when it comes. For spoiled fruit send photos within 24 hours: order page, “Spoiled”."
            ),
            _("The code shows where it grew and how many households it comes from."),
        ],
        slips=[_slip(one, papers, address_of) for one in consignments],
    )


def _slip(consignment: Consignment, papers: dict[int, list[str]], address_of: Callable[[str], str]) -> dict:
    address = consignment.order.shipping_address
    leaving = [line for line in consignment.order.own_lines if line.sale_line.kept_g]
    now = [line for line in leaving if line.sale_line.dispatched_at is None] or leaving
    code = _code(consignment)
    said = [text for line in now for text in papers.get(line.sale_line.produce_id, [])]
    return {
        "cooperative": consignment.cooperative.name,
        "order": _("Order %(no)s of %(day)s")
        % {"no": consignment.order.number, "day": f"{days.day_of(consignment.order.date_placed):%Y-%m-%d}"},
        "receiver": f"{mask_name(address.name)} {mask_mobile(address.mobile)}" if address else "",
        "lines": [[line.title, f"{boxes_of(line.sale_line)}", _kg(line.sale_line.kept_g)] for line in now],
        "note": consignment.order.sale.note,
        "rest": _("The rest of your order comes in another parcel.") if len(now) < len(leaving) else "",
        "papers": list(dict.fromkeys(said)),
        "qr": qr.qr(address_of(code)),
        "code": code,
    }


def _papers(produce_ids: set[int]) -> dict[int, list[str]]:
    """For each produce the certificates that are valid today, as the slip names them."""
    found: dict[int, list[str]] = {}
    today = days.today()
    for one in Certificate.objects.valid_on(today).filter(produce__in=produce_ids):
        found.setdefault(one.produce_id, []).append(f"{one.get_kind_display()} {one.number}")
    return found


def labels(consignments: Iterable[Consignment], *, address_of: Callable[[str], str]) -> bytes:
    """A label of 100 × 100 mm for each box of `consignments`, at most MOST_LABELS, as a PDF."""
    made: list[dict] = []
    for consignment in consignments:
        made += _labels(consignment, address_of)
    return paper.pdf(LABELS, labels=made[:MOST_LABELS])


def _labels(consignment: Consignment, address_of: Callable[[str], str]) -> list[dict]:
    contact = contact_of(consignment)
    waiting = [line for line in consignment.order.own_lines if line.sale_line.kept_g]
    waiting = [line for line in waiting if line.sale_line.dispatched_at is None] or waiting
    code = _code(consignment)
    drawn = qr.qr(address_of(code))
    boxes = [line for line in waiting for _box in range(min(boxes_of(line.sale_line), MOST_LABELS))]
    return [
        {
            "city": places.short_city(consignment.destination_code) or consignment.destination_code,
            "box": f"{n}/{len(boxes)}",
            "way": _way(consignment),
            "name": contact.name if contact else "",
            "mobile": contact.mobile if contact else "",
            "address": contact.address if contact else "",
            "goods": line.title,
            "cold": _("Keep cold") if line.sale_line.produce.is_cold_chain else "",
            "cooperative": consignment.cooperative.name,
            "no": consignment.consignment_no,
            "qr": drawn,
            "code": code,
        }
        for n, line in enumerate(boxes, start=1)
    ]


def _way(consignment: Consignment) -> str:
    sale = consignment.order.sale
    if sale.stop_id:
        return _("direct truck %(no)s · %(stop)s") % {"no": sale.stop.departure.departure_no, "stop": sale.stop.name}
    return _("counter %(name)s") % {"name": sale.counter.name} if sale.counter_id else _("parcel")


def _code(consignment: Consignment) -> str:
    """The trace code for its boxes: of what is packed now; once all has left, of the last shipment."""
    if consignment.state == Consignment.State.TO_SHIP and consignment.next_trace_code:
        return consignment.next_trace_code
    shipments = list(consignment.shipments.all())
    return shipments[-1].trace_code if shipments else consignment.next_trace_code or ""


def _kg(g: int) -> str:
    return _("%(kg)s kg") % {"kg": kg_text(g)}
