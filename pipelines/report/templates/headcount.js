"use strict";
/* What a seat is worth, which to give up, where to base a new one, what if somebody leaves. */
const STEPS = ["fewer", "more"];

function setUpHeadcount() {
  const { sentences, rows } = DATA.headcount;
  if (!rows.length) return;
  byId("headcount").hidden = byId("headcount-link").hidden = false;
  byId("headcount-words").replaceChildren(...sentences.map((sentence) => el("p", {}, name(sentence.replaceAll(" %", "\u00a0%")))));
  const formula = Object.fromEntries(DATA.metrics.filter((row) => row.table_name === "kpi_headcount").map((row) => [row.column_name, row.formula]));
  const column = (key, label, kind) => ({ label, kind, help: formula[key], value: (row) => row[key] });
  const what = { label: "Team", value: (row) => row.label, cell: (row) => (row.is_best && row.option_kind !== "today" ? el("strong", {}, name(row.label), " (best)") : name(row.label)) };
  const last = [
    column("moved_accounts", "Other accounts that move", "count"),
    column("handed_over_accounts", "Accounts of the one who goes", "count"),
    column("overtime_hours", "Overtime, hours a year", "count"),
    column("worst_band_pct", "Farthest rep off target", "percent"),
    column("relaxed_limits", "Limits that gave way", "count"),
  ];
  const steps = rows.filter((row) => STEPS.includes(row.option_kind));
  const cost = (steps[0] || rows[0]).seat_cost_usd;
  byId("headcount-seats").hidden = !steps.length;
  const priced = steps.filter((row) => row.seat_value_usd !== null);
  if (priced.length) drawSeatValues(priced, cost);
  dataTable(byId("headcount-seats-table"), [
    what,
    column("seat_count", "Seats", "count"),
    column("seat_value_usd", "Seat is worth, USD a year", "usd"),
    column("least_seat_value_usd", "Proved at least, USD", "usd"),
    column("most_seat_value_usd", "Proved at most, USD", "usd"),
    ...(cost === null ? [] : [{ label: "After its cost, USD a year", kind: "usd", value: (row) => (row.seat_value_usd === null ? null : row.seat_value_usd - row.seat_cost_usd) }]),
    ...last,
  ], rows.filter((row) => row.option_kind === "today" || STEPS.includes(row.option_kind)), { label: "Seats fewer and more" });
  const leavers = rows.filter((row) => ["backfill", "redistribution", "vacant"].includes(row.option_kind));
  byId("headcount-leavers").hidden = !leavers.length;
  dataTable(byId("headcount-leavers-table"), [
    what,
    column("seat_count", "Seats", "count"),
    column("value_change_usd", "Change of value, USD a year", "usd"),
    /* What an empty seat costs is no choice to weigh: see the note above the table. */
    ...(cost === null ? [] : [{ ...column("value_change_after_seat_cost_usd", "With seat cost saved, USD a year", "usd"), value: (row) => (row.option_kind === "vacant" ? null : row.value_change_after_seat_cost_usd) }]),
    ...last,
  ], leavers, { label: "If a rep leaves" });
}

/* Each seat's value with its proved limits beside what a seat costs. */
function drawSeatValues(rows, cost) {
  const place = byId("headcount-chart");
  const width = Math.max(340, Math.min(1160, place.clientWidth || 900));
  const label = width < 600 ? 130 : 300, line = 26, top = 30, height = top + rows.length * line + 8;
  const amounts = rows.flatMap((row) => [row.seat_value_usd, row.least_seat_value_usd, row.most_seat_value_usd]).concat(cost === null ? [] : [cost], [0]);
  const low = Math.min(...amounts), span = (Math.max(...amounts) - low) || 1;
  const x = (amount) => label + 10 + (width - label - 34) * (amount - low) / span;
  const spoken = rows.map((row) => `${row.label}: USD ${show.usd(row.seat_value_usd)}, proved ${show.usd(row.least_seat_value_usd)} to ${show.usd(row.most_seat_value_usd)}`).join("; ");
  const svg = el("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `Value of each seat in USD a year. ${spoken}` });
  const mark = (amount, text, colour) => {
    svg.append(el("line", { x1: x(amount), x2: x(amount), y1: top - 8, y2: height, stroke: colour }));
    const at = x(amount), isRight = at > width - 70;
    svg.append(el("text", { x: isRight ? width - 4 : at, y: 14, "text-anchor": isRight ? "end" : "middle", class: "soft" }, text));
  };
  if (cost === null || Math.abs(x(cost) - x(0)) > 90) mark(0, "0", "#8593a1");
  if (cost !== null) mark(cost, `cost ${show.usd(cost)}`, "#1b2430");
  rows.forEach((row, index) => {
    const y = top + index * line + line / 2;
    const group = el("g", {}, el("title", {}, `${row.label}: USD ${show.usd(row.seat_value_usd)} a year, proved ${show.usd(row.least_seat_value_usd)} to ${show.usd(row.most_seat_value_usd)}`));
    group.append(el("rect", { x: x(row.least_seat_value_usd), y: y - 6, width: Math.max(2, x(row.most_seat_value_usd) - x(row.least_seat_value_usd)), height: 12, fill: "#dbe9f4", stroke: "#9db8cc" }));
    group.append(row.option_kind === "more"
      ? el("rect", { x: x(row.seat_value_usd) - 5, y: y - 5, width: 10, height: 10, fill: "#0072b2" })
      : el("circle", { cx: x(row.seat_value_usd), cy: y, r: 5, fill: "#fff", stroke: "#c05000", "stroke-width": 2 }));
    group.append(el("text", { x: label - 4, y: y + 4, "text-anchor": "end" }, fitted(row.label, label - 8)));
    svg.append(group);
  });
  place.replaceChildren(svg);
  byId("headcount-legend").replaceChildren(
    legendItem(el("circle", { cx: 7, cy: 7, r: 5, fill: "#fff", stroke: "#c05000", "stroke-width": 2 }), "a seat of today that goes"),
    legendItem(el("path", { d: "M1 2h12v10H1z", fill: "#0072b2" }), "a new seat"),
    legendItem(el("rect", { x: 0, y: 1, width: 14, height: 12, fill: "#dbe9f4", stroke: "#9db8cc" }), "between its proved limits"));
}
