"use strict";
/* What tighter bands and fewer moves cost: the plans of kpi_frontier as two curves and a table. */
const CURVES = [
  { price: "price_of_fairness_usd", title: "Price of fairness, USD a year", at: "band_factor", axis: "bands, times the policy's", kind: "factor" },
  { price: "price_of_stability_usd", title: "Price of stability, USD a year", at: "moved_accounts", axis: "accounts that change their owner", kind: "count" },
];

function setUpFrontier() {
  if (!DATA.frontier.length) return;
  byId("frontier").hidden = byId("frontier-link").hidden = false;
  byId("frontier-legend").replaceChildren(
    legendItem(el("rect", { x: 3, y: 3, width: 8, height: 8, fill: "#c05000" }), "the policy's own plan"),
    legendItem(el("circle", { cx: 7, cy: 7, r: 4, fill: "#0072b2" }), "other bands, or fewer moves"),
    legendItem(el("line", { x1: 7, x2: 7, y1: 1, y2: 13, stroke: "#5a6b7b", "stroke-width": 2 }), "what of a cost is not proved"));
  byId("frontier-charts").replaceChildren(...CURVES.map(curveChart));
  const formula = Object.fromEntries(DATA.metrics.filter((row) => row.table_name === "kpi_frontier").map((row) => [row.column_name, row.formula]));
  const column = (key, label, kind) => ({ label, kind, help: formula[key], value: (row) => row[key] });
  dataTable(byId("frontier-table"), [
    { label: "Plan", value: (row) => row.point_name },
    column("band_use_pct", "Band used", "percent"),
    column("band_excess_pct", "Beyond bands, in all", "percent"),
    column("max_deviation_pct", "Farthest off target", "percent"),
    column("moved_accounts", "Accounts moved", "count"),
    column("moved_sales_usd", "Sales moved, USD", "usd"),
    column("objective_usd", "Cost, USD a year", "usd"),
    column("bound_usd", "Proved at least, USD", "usd"),
    column("optimality_gap_pct", "Gap, %", "price"),
    column("expected_value_usd", "Value, USD a year", "usd"),
    column("price_of_fairness_usd", "Price of fairness, USD", "usd"),
    column("price_of_stability_usd", "Price of stability, USD", "usd"),
    column("relaxed_limits", "Limits that gave way", "count"),
  ], DATA.frontier, { label: "Plans of the frontier" });
}

/* Prices over what is bought with them; the scale starts at 0, the cheapest plan of the curve. */
function curveChart({ price, title, at, axis, kind }) {
  const rows = DATA.frontier.filter((row) => row[price] !== null).sort((a, b) => a[at] - b[at] || b[price] - a[price]);
  const low = Math.min(...rows.map((row) => row[at])), span = Math.max(...rows.map((row) => row[at])) - low || 1;
  const most = Math.max(...rows.map((row) => row[price])) || 1;
  const x = (row) => 32 + 296 * (row[at] - low) / span, y = (value) => 182 - 140 * Math.max(value, 0) / most;
  const words = rows.map((row) => `${row.point_name}: ${show[kind](row[at])}, USD ${show.usd(row[price])}`).join("; ");
  const svg = el("svg", { viewBox: "0 0 360 236", role: "img", "aria-label": `${title}, by ${axis}. ${words}` });
  svg.append(el("line", { x1: 14, x2: 346, y1: 182, y2: 182, stroke: "#d5dce4" }));
  if (rows.length > 1) svg.append(el("path", { d: rows.map((row, index) => (index ? "L" : "M") + x(row) + " " + y(row[price])).join(""), fill: "none", stroke: "#0072b2", "stroke-width": 1.5 }));
  /* The policy's plan and both ends first; a label takes 62 pixels, the others stand in the table. */
  const labelled = [];
  for (const row of [...rows.filter((one) => one.curve === "policy"), rows[0], rows.at(-1), ...rows])
    if (row && labelled.every((one) => Math.abs(x(one) - x(row)) >= 62)) labelled.push(row);
  for (const row of rows) {
    const left = x(row), top = y(row[price]);
    const open = y(row[price] - (row.objective_usd - row.bound_usd));
    if (open - top >= 1) svg.append(el("line", { x1: left, x2: left, y1: top, y2: open, stroke: "#5a6b7b", "stroke-width": 2 }));
    const about = el("title", {}, `${row.point_name}: ${show[kind](row[at])}, USD ${show.usd(row[price])} a year, gap ${show.price(row.optimality_gap_pct)} %`);
    svg.append(row.curve === "policy"
      ? el("rect", { x: left - 5, y: top - 5, width: 10, height: 10, fill: "#c05000" }, about)
      : el("circle", { cx: left, cy: top, r: 4.5, fill: "#0072b2" }, about));
    if (!labelled.includes(row)) continue;
    /* Curves fall to the right: beside the point the line is below the label. */
    const isLast = left > 300;
    svg.append(el("text", { x: isLast ? left + 14 : left + 6, y: top - 10, "text-anchor": isLast ? "end" : "start" }, show.usd(row[price])),
      el("text", { x: left, y: 200, "text-anchor": "middle" }, show[kind](row[at])));
  }
  svg.append(el("text", { x: 180, y: 224, "text-anchor": "middle" }, axis));
  return el("figure", {}, el("figcaption", {}, title), svg);
}
