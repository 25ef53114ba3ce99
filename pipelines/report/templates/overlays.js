"use strict";
/* Second roles over the same accounts: kpi_overlay by role, kpi_overlay_balance by rep. */
function setUpOverlays() {
  if (!DATA.overlays.length) return;
  byId("overlays").hidden = byId("overlays-link").hidden = false;
  byId("overlays-words").replaceChildren(...DATA.overlays.map((row) => el("li", {}, row.statement)));
  const formula = Object.fromEntries(DATA.metrics.filter((row) => row.table_name === "kpi_overlay").map((row) => [row.column_name, row.formula]));
  const column = (key, label, kind) => ({ label, kind, help: formula[key], value: (row) => row[key] });
  dataTable(byId("overlays-table"), [
    { label: "Role", value: (row) => row.overlay_role },
    column("seat_count", "Seats", "count"),
    column("seats_needed", "Seats the ratio asks for", "count"),
    column("primary_rep_count", "Primary reps", "count"),
    column("account_count", "Accounts", "count"),
    column("moved_accounts", "Accounts that change their rep", "count"),
    column("new_accounts", "New to the role", "count"),
    column("hours_max_deviation_pct", "Hours farthest off target", "percent"),
    column("travel_hours", "Travel, hours a year", "hours"),
    column("objective_usd", "Cost, USD a year", "usd"),
    column("optimality_gap_pct", "Gap, %", "price"),
    column("relaxed_limits", "Limits that gave way", "count"),
  ], DATA.overlays, { label: "Second roles" });
  dataTable(byId("overlay-reps-table"), [
    { label: "Role", value: (row) => row.overlay_role },
    { label: "Rep", value: (row) => row.overlay_rep_name || row.overlay_rep_id },
    { label: "Primary reps", kind: "count", value: (row) => row.primary_reps },
    { label: "Accounts", kind: "count", value: (row) => row.account_count },
    { label: "Hours of work", kind: "hours", value: (row) => row.service_hours },
    { label: "Off target", kind: "percent", value: (row) => row.hours_deviation_pct },
    { label: "Clock hours", kind: "hours", value: (row) => row.clock_hours },
    { label: "Capacity", kind: "hours", value: (row) => row.capacity_hours },
    { label: "Limits", kind: "wide", value: (row) => row.statement },
  ], DATA.overlay_reps, { label: "Reps of second roles", search: DATA.overlay_reps.length > 25, page: 25 });
}
