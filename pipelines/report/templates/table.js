"use strict";
/*
A table that sorts by its headings, searches and turns pages.

columns: [{label, kind: text|wide|count|usd|hours|percent|price, value(row), cell(row), help}]
options: {caption, search, page, sort: [column, descending]}
*/
const FEW_ROWS = 6; /* On a phone their headings, buttons to sort by, would be longer than they are. */
function dataTable(place, columns, rows, options) {
  const settings = Object.assign({ page: 50, search: false, sort: null }, options);
  /* On a phone a row is a block of lines. */
  if (innerWidth <= 600) settings.page = Math.min(settings.page, 8);
  const state = { sort: settings.sort, query: "", first: 0, size: settings.page };
  let found = rows;

  const body = el("tbody");
  const headings = columns.map((column, index) =>
    el("th", { scope: "col", class: isNumber(column) ? "number" : null, "aria-sort": "none", title: column.help },
      el("button", { type: "button", onclick: () => sortBy(index) }, column.label)));
  const table = el("table", {},
    settings.caption ? el("caption", {}, settings.caption) : null,
    el("thead", {}, el("tr", {}, ...headings)), body);
  const scroll = el("div", { class: rows.length > FEW_ROWS ? "scroll" : "scroll few", tabindex: "0", role: "region", "aria-label": settings.label || settings.caption || "Table" }, table);
  const told = el("span", { class: "soft", role: "status" });
  const previous = el("button", { type: "button", onclick: () => turn(-1) }, "Previous");
  const next = el("button", { type: "button", onclick: () => turn(1) }, "Next");
  const pager = el("div", { class: "pager" }, previous, next, told);
  const controls = settings.search
    ? el("div", { class: "controls" }, el("label", {}, "Search",
        el("input", { type: "search", autocomplete: "off", oninput: (event) => search(event.target.value) })))
    : null;
  place.replaceChildren(...[controls, scroll, pager].filter(Boolean));
  refresh();

  function isNumber(column) {
    return !["text", "wide", "compared"].includes(column.kind || "text");
  }

  function search(text) {
    state.query = text.trim().toLowerCase();
    state.first = 0;
    refresh();
  }

  function sortBy(index) {
    const was = state.sort && state.sort[0] === index ? state.sort[1] : null;
    state.sort = [index, was === null ? isNumber(columns[index]) : !was];
    state.first = 0;
    refresh();
  }

  function turn(direction) {
    state.first = Math.max(0, state.first + direction * state.size);
    draw();
    scroll.scrollTop = 0;
  }

  function refresh() {
    found = state.query
      ? rows.filter((row) => columns.some((column) => show.text(column.value(row)).toLowerCase().includes(state.query)))
      : rows.slice();
    if (state.sort) {
      const [index, descending] = state.sort;
      const sign = descending ? -1 : 1;
      const value = columns[index].value;
      found.sort((a, b) => sign * compared(value(a), value(b), sign));
    }
    headings.forEach((heading, index) => heading.setAttribute("aria-sort",
      state.sort && state.sort[0] === index ? (state.sort[1] ? "descending" : "ascending") : "none"));
    draw();
  }

  /* Unknown values come last in either direction. */
  function compared(a, b, sign) {
    const unknownA = a === null || a === undefined || a === "", unknownB = b === null || b === undefined || b === "";
    if (unknownA || unknownB) return unknownA === unknownB ? 0 : unknownA ? sign : -sign;
    return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en");
  }

  function draw() {
    const page = found.slice(state.first, state.first + state.size);
    body.replaceChildren(...page.map((row) => el("tr", {}, ...columns.map((column) => {
      const kind = column.kind || "text";
      if (isNumber(column)) return el("td", { class: "number", "data-label": column.label }, column.cell ? column.cell(row) : show[kind](column.value(row)));
      return el("td", { class: kind, "data-label": column.label }, el("div", { class: "clamp" },
        column.cell ? column.cell(row) : name(show.text(column.value(row)))));
    }))));
    const last = Math.min(state.first + state.size, found.length);
    told.textContent = found.length === 0 ? "No rows"
      : `${whole.format(state.first + 1)}–${whole.format(last)} of ${whole.format(found.length)}`;
    previous.hidden = next.hidden = found.length <= state.size;
    previous.disabled = state.first === 0;
    next.disabled = last >= found.length;
    pager.hidden = found.length <= state.size && !settings.search && found.length > 0;
  }

  /* Paper has no pages to turn. */
  addEventListener("beforeprint", () => { state.first = 0; state.size = 1000; draw(); });
  addEventListener("afterprint", () => { state.size = settings.page; draw(); });
}
