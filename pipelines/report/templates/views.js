"use strict";
const plain = (column, value) => column.kind === "ratio" ? (value === null ? null : 100 * value) : typeof value === "boolean" ? (value ? "yes" : "") : value;

/* A published table for each function, and for each level of the company. */
function setUpViews() {
  const choice = byId("view-choice");
  DATA.views.forEach((view, index) => choice.append(el("option", { value: index }, view.title)));
  const draw = () => {
    const view = DATA.views[choice.value];
    byId("view-note").textContent = "Table " + view.table + "; what a heading means is shown when the pointer rests on it, and under Terms.";
    dataTable(byId("view-table"), view.columns.map((column, index) => ({
      label: column.label, help: column.help,
      kind: column.kind === "ratio" ? "percent" : column.kind,
      /* What stands today beside the plan is sorted by the plan. */
      value: (row) => plain(column, column.is_pair ? row[index][1] : row[index]),
      cell: column.is_pair ? (row) => row[index].map((value) => figure(column.kind, value)).join(" → ") : undefined,
    })), view.rows, { label: view.title, search: view.rows.length > 50, page: 50 });
  };
  choice.addEventListener("change", draw);
  draw();
}

const HISTORY = {
  workload_max_deviation_pct: ["Farthest rep off target, hours", "percent"],
  potential_max_deviation_pct: ["Farthest rep off target, potential", "percent"],
  moved_accounts: ["Accounts that move", "count"],
  travel_hours: ["Travel hours a year", "hours"],
  market_penetration_pct: ["Market penetration", "percent"],
  expected_value_usd: ["Expected value, USD a year", "usd"],
  optimality_gap_pct: ["Proved gap", "percent"],
};

/* Small charts over planning dates, once there are two. */
function setUpHistory() {
  const dates = [...new Set(DATA.history.map((row) => row.as_of))].sort();
  if (dates.length < 2) return;
  byId("history").hidden = byId("history-link").hidden = false;
  byId("history-legend").replaceChildren(
    legendItem(el("circle", { cx: 7, cy: 7, r: 4, fill: "#fff", stroke: "#c05000", "stroke-width": 2 }), "ownership of that date"),
    legendItem(el("rect", { x: 3, y: 3, width: 8, height: 8, fill: "#0072b2" }), "plan"));
  byId("history-charts").replaceChildren(...Object.entries(HISTORY).map(([metric, [title, kind]]) => {
    const rows = DATA.history.filter((row) => row.metric === metric && !(metric === "moved_accounts" && row.plan_version === "current"));
    const most = Math.max(...rows.map((row) => row.metric_value), 0) || 1;
    const x = (date) => 16 + 268 * dates.indexOf(date) / (dates.length - 1), y = (value) => 96 - 72 * value / most;
    const svg = el("svg", { viewBox: "0 0 300 118", role: "img", "aria-label": title + ": " + rows.map((row) => `${row.as_of} ${row.plan_version} ${show[kind](row.metric_value)}`).join(", ") });
    svg.append(el("line", { x1: 10, x2: 290, y1: 96, y2: 96, stroke: "#d5dce4" }));
    const ends = Object.fromEntries(["current", "proposed"].map((version) => [version, rows.filter((row) => row.plan_version === version).at(-1)]));
    const near = ends.current && ends.proposed && Math.abs(y(ends.current.metric_value) - y(ends.proposed.metric_value)) < 22;
    const isLower = (version) => near && (version === "current") === (ends.current.metric_value < ends.proposed.metric_value);
    for (const version of ["current", "proposed"]) {
      const points = rows.filter((row) => row.plan_version === version);
      const colour = version === "current" ? "#c05000" : "#0072b2";
      if (points.length > 1) svg.append(el("path", { d: points.map((row, index) => (index ? "L" : "M") + x(row.as_of) + " " + y(row.metric_value)).join(""), fill: "none", stroke: colour, "stroke-width": 1.5 }));
      points.forEach((row, index) => {
        const about = el("title", {}, `${row.as_of}: ${show[kind](row.metric_value)}`);
        svg.append(version === "current" ? el("circle", { cx: x(row.as_of), cy: y(row.metric_value), r: 4, fill: "#fff", stroke: colour, "stroke-width": 2 }, about)
          : el("rect", { x: x(row.as_of) - 4, y: y(row.metric_value) - 4, width: 8, height: 8, fill: colour }, about));
        if (index === points.length - 1) svg.append(el("text", { x: 290, y: isLower(version) ? y(row.metric_value) + 18 : Math.max(12, y(row.metric_value) - 8), "text-anchor": "end" }, show[kind](row.metric_value)));
      });
    }
    svg.append(el("text", { x: 10, y: 112 }, dates[0]), el("text", { x: 290, y: 112, "text-anchor": "end" }, dates[dates.length - 1]));
    return el("figure", {}, el("figcaption", {}, title), svg);
  }));
}
