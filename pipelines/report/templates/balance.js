"use strict";
/* The load of each rep, or group of reps, against target and band, before and after. */
const LEVELS = { region: "regions", manager: "managers", country: "countries", experience_level: "levels of experience" };

function setUpBalance() {
  const level = byId("balance-level");
  for (const [key, label] of Object.entries(LEVELS))
    if (DATA.levels[key]) level.append(el("option", { value: key }, label));
  byId("balance-level-label").hidden = level.options.length < 2;
  level.addEventListener("change", drawBalance);
  const choice = byId("balance-metric");
  const banded = DATA.balance.filter((row) => row.plan_version === "proposed");
  for (const row of banded.slice().sort((a, b) => (a.tolerance_pct === null) - (b.tolerance_pct === null)))
    choice.append(el("option", { value: row.metric },
      metricName(row.metric) + (row.tolerance_pct === null ? " (no band)" : "")));
  choice.addEventListener("change", drawBalance);
  byId("balance-order").addEventListener("change", drawBalance);
  byId("balance-legend").replaceChildren(
    legendItem(el("circle", { cx: 7, cy: 7, r: 5, fill: "#fff", stroke: "#c05000", "stroke-width": 2 }), "today"),
    legendItem(el("path", { d: "M1 2h12v10H1z", fill: "#0072b2" }), "plan"),
    legendItem(el("rect", { x: 0, y: 1, width: 14, height: 12, fill: "#dbe9f4", stroke: "#9db8cc" }), "band"));
  if (choice.options.length) drawBalance();
}

function legendItem(shape, label) {
  return el("li", {}, el("svg", { width: 14, height: 14, viewBox: "0 0 14 14", "aria-hidden": "true" }, shape), label);
}

function drawBalance() {
  const metric = byId("balance-metric").value;
  const level = byId("balance-level").value;
  const loads = level ? DATA.levels[level][metric] : DATA.loads[metric];
  const rows = (loads || []).filter(([, target]) => target > 0).map(([who, target, lower, upper, before, after, offBefore, offAfter]) =>
    ({ who, target, lower, upper, before, after, offBefore, offAfter, name: level ? who : DATA.reps[who].name }));
  const order = byId("balance-order").value;
  rows.sort((a, b) => order === "load" ? b.offBefore - a.offBefore : order === "name" ? a.name.localeCompare(b.name, "en")
    : order === "before" ? Math.abs(b.offBefore) - Math.abs(a.offBefore) : Math.abs(b.offAfter) - Math.abs(a.offAfter));
  byId("balance-chart").replaceChildren(balanceChart(rows));
  const kind = metric === "hours" ? "hours" : "usd";
  dataTable(byId("balance-table"), [
    { label: level ? "Group" : "Rep", value: (row) => row.name, cell: (row) => (level ? name(row.name) : repLink(row.who)) },
    { label: "Target", kind, value: (row) => row.target },
    { label: "Band from", kind, value: (row) => row.lower },
    { label: "to", kind, value: (row) => row.upper },
    { label: "Today", kind, value: (row) => row.before },
    { label: "Plan", kind, value: (row) => row.after },
    { label: "Off today", kind: "percent", value: (row) => row.offBefore },
    { label: "Off in the plan", kind: "percent", value: (row) => row.offAfter },
  ], rows, { label: "Balance of " + metricName(metric) });
}

function balanceChart(rows) {
  const width = Math.max(340, Math.min(1160, byId("balance-chart").clientWidth || 900));
  const label = width < 600 ? 110 : 190, line = 24, top = 26;
  const height = top + rows.length * line + 10;
  /* A rep with five times the target must not press all others into a corner. */
  const values = rows.flatMap((row) => [row.offBefore, row.offAfter]).filter((value) => value !== null).map((value) => value + 100);
  const sorted = values.slice().sort((a, b) => a - b);
  const top95 = sorted[Math.floor(sorted.length * 0.95)] || 100;
  const maximum = Math.max(130, Math.min(Math.max(...values, 0), Math.max(250, top95)) * 1.04);
  const x = (percent) => label + (width - label - 16) * Math.min(percent, maximum) / maximum;
  const svg = el("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": "Load of each rep in percent of target, today and in the plan; the table below holds the figures." });
  const step = maximum > 400 ? 100 : 50;
  for (let percent = 0; percent <= maximum; percent += step) {
    svg.append(el("line", { x1: x(percent), x2: x(percent), y1: top - 6, y2: height, stroke: percent === 100 ? "#1b2430" : "#e3e8ed", "stroke-width": percent === 100 ? 1.5 : 1 }));
    svg.append(el("text", { x: x(percent), y: 13, "text-anchor": "middle", class: "soft" }, percent + " %"));
  }
  rows.forEach((row, index) => {
    const y = top + index * line + line / 2;
    const percent = (amount) => 100 * amount / row.target;
    const group = el("g", {}, el("title", {}, `${row.name}: today ${show.percent(row.offBefore)} off target, plan ${show.percent(row.offAfter)}`));
    if (row.lower !== null && row.upper !== null)
      group.append(el("rect", { x: x(percent(row.lower)), y: y - 9, width: Math.max(2, x(percent(row.upper)) - x(percent(row.lower))), height: 18, fill: "#dbe9f4", stroke: "#9db8cc" }));
    const before = row.offBefore + 100, after = row.offAfter + 100;
    group.append(el("line", { x1: x(before), x2: x(after), y1: y, y2: y, stroke: "#8593a1", "stroke-width": 1.5 }));
    group.append(before > maximum
      ? el("path", { d: `M${x(maximum) - 8} ${y - 6}l8 6l-8 6z`, fill: "#c05000" })
      : el("circle", { cx: x(before), cy: y, r: 5, fill: "#fff", stroke: "#c05000", "stroke-width": 2 }));
    if (before > maximum)
      group.append(el("text", { x: x(maximum) - 12, y: y - 3, "text-anchor": "end", class: "soft" }, show.percent(before)));
    group.append(el("rect", { x: x(after) - 5, y: y - 5, width: 10, height: 10, fill: "#0072b2" }));
    group.append(el("text", { x: label - 8, y: y + 4, "text-anchor": "end" }, fitted(row.name, label - 12)));
    svg.append(group);
  });
  return svg;
}
