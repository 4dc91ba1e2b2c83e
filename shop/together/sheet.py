"""The hand-out list on A4, set by typst (suppliers.base.paper)."""

HAND_OUT_LIST = """
#let d = json(bytes(sys.inputs.data))
#set page(paper: "a4", margin: (x: 18mm, y: 16mm), numbering: "1 / 1")
#set text(font: "Noto Sans SC", size: 11pt, lang: "zh")
#text(font: "Noto Serif SC", size: 20pt, weight: "bold", d.title)
#v(-2mm)
#d.when · #d.place #h(1fr) #text(size: 9pt, fill: luma(90), d.truck)
#v(2mm)
#table(
  columns: (auto, auto, auto, 1fr, auto),
  align: (right, left, left, left, center),
  inset: 7pt,
  stroke: (x: none, y: .5pt + luma(150)),
  table.header(..d.head.map(h => text(size: 9pt, fill: luma(90), h))),
  ..d.rows.enumerate().map(((n, row)) => (
    str(n + 1), row.at(0), row.at(1), row.at(2), box(width: 5mm, height: 5mm, stroke: .8pt),
  )).flatten()
)
#v(2mm)
#for one in d.totals [#one \\ ]
#v(2mm)
#text(size: 9pt, fill: luma(90), d.note)
"""
