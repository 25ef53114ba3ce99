"use strict";
function setUpMoves() {
  const accounts = DATA.accounts, rows = [];
  for (let row = 0; row < accounts.id.length; row++) if (accounts.change[row] !== 0) rows.push(row);
  const { changes, listed_changes: listed } = DATA.counts;
  byId("moves-note").textContent = `${whole.format(changes)} accounts get another rep, a rep, or stay without one`
    + (listed < changes ? `; the ${whole.format(listed)} with the most sales are listed here, all of them in moves.xlsx.` : ".")
    + " The runner-up is the second-best rep; the difference is what the plan would cost more with that rep.";
  dataTable(byId("reasons-table"), [
    { label: "Why accounts change hands", value: (row) => capitalised(row.reason) },
    { label: "Accounts", kind: "count", value: (row) => row.accounts },
    { label: "Sales, USD", kind: "usd", value: (row) => row.actual_sales_usd },
    { label: "Expected loss, USD", kind: "usd", value: (row) => row.expected_disruption_loss_usd },
  ], DATA.reasons, { label: "Why accounts change hands" });
  const choice = byId("moves-change");
  for (const { code, label } of CHANGES.filter(({ code }) => code !== 0 && rows.some((row) => accounts.change[row] === code)))
    choice.append(el("option", { value: code }, label));
  const draw = () => dataTable(byId("moves-table"), [
    { label: "Account", value: (row) => accounts.name[row] },
    { label: "Change", value: (row) => CHANGES[accounts.change[row]].short },
    { label: "From", value: (row) => repName(accounts.previous[row]), cell: (row) => repLink(accounts.previous[row]) },
    { label: "To", value: (row) => repName(accounts.rep[row]), cell: (row) => repLink(accounts.rep[row]) },
    { label: "Sales at stake, USD", kind: "usd", value: (row) => accounts.actual_sales_usd[row] },
    { label: "Expected loss, USD", kind: "usd", value: (row) => accounts.expected_disruption_loss_usd[row] },
    { label: "Hours", kind: "hours", value: (row) => accounts.service_hours[row] },
    { label: "Why", kind: "wide", value: (row) => coded("reason", row), cell: why },
    { label: "Runner-up", value: (row) => accounts.runner_up[row] === -1 ? "" : repName(accounts.runner_up[row]), cell: (row) => accounts.runner_up[row] === -1 ? "" : repLink(accounts.runner_up[row]) },
    { label: "Costs more, USD", kind: "usd", value: (row) => accounts.runner_up_delta_usd[row] },
  ], choice.value === "" ? rows : rows.filter((row) => accounts.change[row] === Number(choice.value)),
  { label: "Moves", search: true, page: 25, sort: [4, true] });
  choice.addEventListener("change", draw);
  draw();
}

function setUpTerritories() {
  const metric = Object.fromEntries(DATA.metrics.filter((row) => row.table_name === "kpi_territory").map((row) => [row.column_name, row]));
  const column = (key, label, kind) => ({ label, kind, help: metric[key] && metric[key].formula });
  const version = byId("territory-version");
  const draw = () => {
    const figures = DATA.territories[version.value], rows = [];
    for (let row = 0; row <= DATA.reps.length; row++) if (figures.account_count[row] !== null) rows.push(row);
    const value = (key, factor = 1) => (row) => (figures[key][row] === null ? null : factor * figures[key][row]);
    dataTable(byId("territory-table"), [
      { label: "Rep", value: (row) => row < DATA.reps.length ? DATA.reps[row].name : "without rep", cell: (row) => row < DATA.reps.length ? repLink(row) : el("span", {}, "without rep") },
      { label: "Region", value: (row) => row < DATA.reps.length ? DATA.reps[row].region : "" },
      { ...column("account_count", "Accounts", "count"), value: value("account_count") },
      { ...column("workload_ratio", "Workload", "percent"), value: value("workload_ratio", 100) },
      { ...column("travel_hours", "Travel hours", "hours"), value: value("travel_hours") },
      { ...column("potential_usd", "Potential, USD", "usd"), value: value("potential_usd") },
      { ...column("actual_sales_usd", "Sales, USD", "usd"), value: value("actual_sales_usd") },
      { ...column("market_penetration_pct", "Penetration", "percent"), value: value("market_penetration_pct") },
      { ...column("cost_to_serve_usd", "Cost to serve, USD", "usd"), value: value("cost_to_serve_usd") },
      { ...column("cost_to_serve_pct", "of sales", "percent"), value: value("cost_to_serve_pct") },
      { ...column("win_rate_pct", "Win rate", "percent"), value: value("win_rate_pct") },
      { ...column("sales_velocity_usd_per_day", "Velocity, USD a day", "usd"), value: value("sales_velocity_usd_per_day") },
      { ...column("coverage_pct", "Coverage", "percent"), value: value("coverage_pct") },
    ], rows, { label: "Territories", search: rows.length > 50, page: 100, sort: [0, false] });
  };
  version.addEventListener("change", draw);
  draw();
}

function setUpReps() {
  byId("rep-links").replaceChildren(...DATA.reps.map((rep, index) => ({ rep, index }))
    .sort((a, b) => a.rep.name.localeCompare(b.rep.name, "en")).map(({ index }) => el("li", {}, repLink(index))));
}

const BINDING_KINDS = {
  upper_band: "upper end of the band", lower_band: "lower end of the band", soft_upper: "inner band, above", soft_lower: "inner band, below",
  capacity: "capacity", overtime_ceiling: "overtime ceiling", travel_limit: "travel limit", account_limit: "account limit", move_budget: "move budget",
  level_upper: "upper end of a group's band", level_lower: "lower end of a group's band",
  level_soft_upper: "inner band of a group, above", level_soft_lower: "inner band of a group, below",
};

/* What a limit is of: limits of groups are named `manager_id/M01/hours`. */
const limitOf = (row) => metricName(row.constraint_kind.startsWith("level_") ? row.metric : row.constraint_name);

function setUpLimits() {
  const rep = Object.fromEntries(DATA.reps.map((row, index) => [row.id, index]));
  const about = (row) => row.group_name || (row.rep_id === null || !(row.rep_id in rep) ? "" : DATA.reps[rep[row.rep_id]].name);
  const aboutCell = (row) => (row.rep_id !== null && row.rep_id in rep ? repLink(rep[row.rep_id]) : name(about(row)));
  /* One dollar of potential is worth cents. */
  const oneMore = (row) => (row.unit === "USD" ? "USD 1,000" : row.unit.replace(/s$/, ""));
  const worth = (row) => (row.shadow_price_usd === null ? null : row.shadow_price_usd * (row.unit === "USD" ? 1000 : 1));
  const kinds = new Map();
  for (const row of DATA.bindings) {
    const kind = [row.constraint_kind, limitOf(row), row.unit].join("\u0000");
    if (!kinds.has(kind)) kinds.set(kind, { ...row, count: 0 });
    const held = kinds.get(kind);
    held.count += 1;
    if ((row.shadow_price_usd || 0) > (held.shadow_price_usd || 0)) Object.assign(held, row);
  }
  dataTable(byId("limit-kinds-table"), [
    { label: "Limit", value: (row) => capitalised(BINDING_KINDS[row.constraint_kind] || row.constraint_kind) },
    { label: "Of", value: limitOf },
    { label: "Binds so often", kind: "count", value: (row) => row.count },
    { label: "One more", value: oneMore },
    { label: "is worth up to, USD a year", kind: "price", value: worth },
    { label: "for", value: about, cell: aboutCell },
  ], [...kinds.values()], { label: "Kinds of limits that bind" });
  dataTable(byId("limits-table"), [
    { label: "Limit", value: (row) => BINDING_KINDS[row.constraint_kind] || row.constraint_kind },
    { label: "Of", value: limitOf },
    { label: "Rep or group", value: about, cell: aboutCell },
    { label: "Unit", value: (row) => row.unit },
    { label: "Limit amount", kind: "usd", value: (row) => row.limit_amount },
    { label: "Used", kind: "usd", value: (row) => row.used_amount },
    { label: "One more", value: oneMore },
    { label: "is worth, USD a year", kind: "price", value: worth },
    { label: "In words", kind: "wide", value: (row) => row.statement },
  ], DATA.bindings, { label: "Limits that bind", search: DATA.bindings.length > 25, page: 25 });
}

function setUpQuality() {
  const sum = (column) => DATA.checks.reduce((total, row) => total + row[column], 0);
  const failed = sum("checks") - sum("passed") - sum("warnings");
  byId("quality-note").textContent = `${whole.format(sum("checks"))} checks of input, tables and plan: ${whole.format(sum("passed"))} passed, `
    + `${whole.format(sum("warnings"))} warned, ${failed ? whole.format(failed) : "none"} failed.`;
  dataTable(byId("findings-table"), [
    { label: "Severity", value: (row) => row.severity, cell: (row) => el("span", { class: "badge " + row.severity }, row.severity) },
    { label: "Finding", value: (row) => row.rule.replaceAll("_", " ") },
    { label: "Table", value: (row) => row.table_name, cell: (row) => breakable(row.table_name || "") },
    { label: "Column", value: (row) => row.column_name, cell: (row) => breakable(row.column_name || "") },
    { label: "Rows", kind: "count", value: (row) => row.affected_rows },
    { label: "For example", kind: "wide", value: (row) => row.example },
  ], DATA.findings, { label: "Findings", page: 25 });
  dataTable(byId("quarantine-table"), [
    { label: "File", value: (row) => row.source_file },
    { label: "Rule", value: (row) => row.rule.replaceAll("_", " ") },
    { label: "Field", value: (row) => row.column_name },
    { label: "Rows", kind: "count", value: (row) => row.rows_affected },
  ], DATA.quarantine, { label: "Rows set aside", page: 25 });
  dataTable(byId("files-table"), [
    { label: "File", value: (row) => row.source_file },
    { label: "Read", kind: "count", value: (row) => row.rows_read },
    { label: "Loaded", kind: "count", value: (row) => row.rows_loaded },
    { label: "Set aside", kind: "count", value: (row) => row.rows_quarantined },
    { label: "Duplicates", kind: "count", value: (row) => row.rows_duplicate },
    { label: "Excluded", kind: "count", value: (row) => row.rows_excluded },
  ], DATA.files, { label: "Files read", page: 25 });
}

function setUpScenarios() {
  if (!DATA.scenarios.length) return;
  byId("scenarios").hidden = byId("scenarios-link").hidden = false;
  dataTable(byId("scenarios-table"), [
    { label: "Scenario", value: (row) => row.scenario },
    { label: "Workload off", kind: "percent", value: (row) => row.workload_max_deviation_pct },
    { label: "Potential off", kind: "percent", value: (row) => row.potential_max_deviation_pct },
    { label: "Moves", kind: "count", value: (row) => row.moved_accounts },
    { label: "Sales moved, USD", kind: "usd", value: (row) => row.moved_sales_usd },
    { label: "Expected loss, USD", kind: "usd", value: (row) => row.expected_disruption_loss_usd },
    { label: "Travel hours", kind: "hours", value: (row) => row.travel_hours },
    { label: "Value, USD", kind: "usd", value: (row) => row.expected_value_usd },
    { label: "Cost, USD", kind: "usd", value: (row) => row.objective_usd },
    { label: "Gap", kind: "percent", value: (row) => row.optimality_gap_pct },
  ], DATA.scenarios, { label: "Scenarios" });
  if (!DATA.comparison.kpis.length) return;
  byId("comparison").hidden = false;
  const decimals = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });
  const told = (row, index) => row.values[index] === null ? "–" : decimals.format(row.values[index]);
  dataTable(byId("comparison-table"), [
    { label: "Figure", value: (row) => row.name },
    { label: "Unit", value: (row) => row.unit },
    ...DATA.comparison.scenarios.map((scenario, index) => ({
      label: scenario,
      kind: "compared",
      value: (row) => row.values[index],
      cell: (row) => el("span", { class: row.comparisons[index] },
        told(row, index) + (["better", "worse"].includes(row.comparisons[index]) ? ` (${row.comparisons[index]})` : "")),
    })),
  ], DATA.comparison.kpis, { label: "Every figure by scenario" });
}

function setUpTerms() {
  dataTable(byId("terms-table"), [
    { label: "Figure", value: (row) => row.metric_name },
    { label: "How it is computed", kind: "wide", value: (row) => row.formula },
    { label: "Unit", value: (row) => row.unit },
    { label: "Good is", value: (row) => row.good_direction === "none" ? "" : row.good_direction },
    { label: "Table and column", value: (row) => row.table_name + "." + row.column_name, cell: (row) => breakable(row.table_name + "." + row.column_name) },
  ], DATA.metrics, { label: "Terms", search: true, page: 25 });
}

/* `#rep=…` is the page of a rep, everything else a place in the report. */
function route() {
  const match = /^#rep=(.*)$/.exec(location.hash);
  const index = match ? DATA.reps.findIndex((rep) => rep.id === decodeURIComponent(match[1])) : -1;
  byId("report").hidden = index >= 0;
  byId("rep-page").hidden = index < 0;
  if (index >= 0) { drawRep(index); scrollTo(0, 0); byId("rep-heading").focus({ preventScroll: true }); }
  else if (location.hash && !match) { const target = document.getElementById(location.hash.slice(1)); if (target) target.scrollIntoView(); }
}

setUpBalance();
setUpMap();
setUpMoves();
setUpTerritories();
setUpReps();
setUpViews();
setUpHistory();
setUpFrontier();
setUpHeadcount();
setUpOverlays();
setUpLimits();
setUpQuality();
setUpScenarios();
setUpTerms();
addEventListener("hashchange", route);
if (location.hash) route();
/* Paper opens nothing. */
const opened = [];
addEventListener("beforeprint", () => { for (const part of document.querySelectorAll("details:not([open])")) { part.open = true; opened.push(part); } });
addEventListener("afterprint", () => { for (const part of opened.splice(0)) part.open = false; });
let drawnWidth = innerWidth;
addEventListener("resize", () => { if (innerWidth !== drawnWidth) { drawnWidth = innerWidth; drawBalance(); } });
