"""How a report looks: the part of the Typst document that is the same for all."""

TEMPLATE = r"""
#let quiet = luma(100)
#let accent = rgb("#2a6f97")
#let alarm = rgb("#b03a2e")
#let mono = ("DejaVu Sans Mono", "Libertinus Serif", "DejaVu Sans")

#set page(
  paper: "a4",
  margin: (x: 2cm, top: 2.2cm, bottom: 2cm),
  footer: context {
    set text(size: 8.5pt, fill: quiet)
    grid(columns: (1fr, auto), report-foot,
      [page #here().page() of #counter(page).final().first()])
  },
)
#set text(font: ("Libertinus Serif", "DejaVu Sans"), size: 10.5pt, lang: "en")
#set par(leading: 0.6em, spacing: 1em)
#set list(indent: 0.4em)
#set enum(indent: 0.4em)
#set math.equation(numbering: none)
#show link: it => { set text(fill: accent); it }
#show raw: set text(font: mono, size: 8.9pt)
#show raw.where(block: true): set text(size: 7.6pt)
#show quote.where(block: true): it => block(
  inset: (left: 0.9em, y: 0.1em), stroke: (left: 2pt + luma(210)), it.body)

// Makes what is too wide for the page as narrow as the page.
#let fitted(body) = layout(room => {
  let wide = measure(body).width
  if wide > room.width {
    let share = room.width / wide * 100%
    scale(x: share, y: share, origin: left, reflow: true, body)
  } else { body }
})

#let inline-math(code) = eval(code, mode: "math")
#let display-math(code) = {
  let it = math.equation(block: true, eval(code, mode: "math"))
  block(width: 100%, layout(room => if measure(it).width > room.width { fitted(it) } else { it }))
}
#let broken(tex) = box(fill: rgb("#fdecea"), inset: (x: 2pt), outset: (y: 2pt), raw(tex))

#let listing(body, kind, lang: none) = block(
  width: 100%,
  inset: if kind == "code" { 6pt } else { (left: 7pt, y: 2pt) },
  fill: if kind == "code" { luma(246) } else { none },
  stroke: if kind == "error" { (left: 2pt + alarm) }
    else if kind == "plain" { (left: 2pt + luma(215)) }
    else if kind == "source" { 0.5pt + alarm },
  radius: if kind == "code" { 2pt } else { 0pt },
  above: 0.75em, below: 0.75em,
  breakable: body.split("\n").len() > 16,
  raw(body, block: true, lang: lang),
)

#let picture(name, alt) = layout(room => {
  let natural = measure(image(name))
  let width = calc.min(natural.width * 0.72, room.width)
  let height = natural.height / natural.width * width
  if height > 20cm { width = width * (20cm / height) }
  box(image(name, width: width, alt: if alt == "" { none } else { alt }))
})

#let sheet(count, align, ..cells) = {
  set text(size: if count > 8 { 7.5pt } else { 9.5pt })
  show table.cell.where(y: 0): strong
  fitted(table(
    columns: count, align: align, inset: (x: 6pt, y: 4pt),
    stroke: (x, y) => (
      top: if y == 0 { 0.8pt } else { 0.3pt + luma(190) }, bottom: 0.3pt + luma(190)),
    ..cells.pos(),
  ))
}

#let title-line(level, body) = block(
  above: 1.2em, below: 0.7em, sticky: true,
  text(size: (14pt, 12.5pt, 11.5pt).at(level - 1, default: 10.5pt), weight: "bold", body))
#let rule() = line(length: 100%, stroke: 0.5pt + luma(190))
#let note(body) = text(fill: alarm, style: "italic", body)
#let part-line(body) = block(above: 1.3em, below: 0.8em, sticky: true, breakable: false, {
  text(size: 9pt, weight: "bold", fill: accent, tracking: 0.06em, upper(body))
  v(-0.55em)
  line(length: 100%, stroke: 0.5pt + accent)
})
#let prompt(body) = block(
  width: 100%, fill: rgb("#f1f5f9"), inset: 8pt, radius: 2pt, { set text(size: 9.5pt); body })

#let question(id, title, points, body) = page(
  header: { set text(size: 8.5pt, fill: quiet); id; h(1fr); report-head },
  {
    context {
      let last = counter(page).final().first()
      [#metadata((id: id, page: here().page(), last: last)) <question-begins>]
    }
    block(below: 1em, sticky: true, {
      grid(columns: (1fr, auto), column-gutter: 1em, align: (left, right + bottom),
        text(size: 16pt, weight: "bold", title), text(size: 11pt, fill: quiet, points))
      v(-0.15em)
      text(fill: quiet, raw(id))
    })
    body
  },
)

#let page-map(entries) = context {
  let found = query(<question-begins>)
  let last = counter(page).final().first()
  let begins = found.map(it => it.value.page)
  table(
    columns: (1fr, auto, auto, auto), align: (left, left, right, right), inset: (x: 5pt, y: 4pt),
    stroke: (x, y) => (bottom: 0.3pt + luma(190)),
    table.header([*Question*], [*Id*], [*Points*], [*Pages*]),
    ..entries.enumerate().map(((i, entry)) => {
      let first = begins.at(i, default: 0)
      let end = begins.at(i + 1, default: last + 1) - 1
      let pages = if first >= end { str(first) } else { str(first) + "–" + str(end) }
      let target = if i < found.len() { found.at(i).location() } else { none }
      (entry.title, raw(entry.id), entry.points,
        if target == none { pages } else { link(target, pages) })
    }).flatten(),
  )
}

#let cover(course, title, name, student-id, agreement, entries, notes) = {
  text(size: 11pt, fill: quiet, course)
  block(above: 0.6em, below: 1.4em, text(size: 20pt, weight: "bold", title))
  let missing = note("not filled in")
  grid(
    columns: (auto, 1fr), column-gutter: 1.2em, row-gutter: 0.8em,
    text(fill: quiet)[Name], if name == "" { missing } else { strong(name) },
    text(fill: quiet)[Student id],
    if student-id == "" { missing } else { strong(student-id) },
  )
  part-line("Agreement")
  agreement
  par(if name == "" or student-id == "" { note("This agreement is not signed.") }
    else { [Signed by #name (#student-id).] })
  part-line("Questions and their pages")
  page-map(entries)
  if notes.len() > 0 {
    part-line("Noted while this report was made")
    set text(size: 9pt)
    list(..notes)
  }
}
"""
