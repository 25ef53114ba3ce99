"use strict";
/* 0 keeps, 1 gains, 2 loses; null when the account is none of this rep's business. */
function sideOf(row, rep) {
  const { rep: owner, previous, change } = DATA.accounts;
  if (owner[row] === rep) return change[row] === 0 ? 0 : 1;
  return previous[row] === rep && change[row] !== 0 ? 2 : null;
}

const REP_FIGURES = [
  ["account_count", "Accounts", "count"], ["workload_ratio", "Workload", "ratio"],
  ["service_hours", "Service hours", "hours"], ["travel_hours", "Travel hours", "hours"],
  ["potential_usd", "Potential, USD", "usd"], ["actual_sales_usd", "Sales, USD", "usd"],
  ["market_penetration_pct", "Penetration", "percent"], ["cost_to_serve_usd", "Cost to serve, USD", "usd"],
  ["sales_velocity_usd_per_day", "Velocity, USD a day", "usd"], ["coverage_pct", "Coverage", "percent"],
];

function figure(kind, value) {
  return kind === "ratio" ? show.percent(value === null || value === undefined ? null : 100 * value) : show[kind](value);
}

/* The page of one rep. */
function drawRep(index) {
  const rep = DATA.reps[index], sides = [[], [], []], accounts = DATA.accounts;
  for (let row = 0; row < accounts.id.length; row++) {
    const side = sideOf(row, index);
    if (side !== null) sides[side].push(row);
  }
  const place = byId("rep-page");
  const { current, proposed } = DATA.territories;
  const about = [rep.is_vacant ? "vacant seat" : rep.level, rep.region, rep.manager ? "reports to " + rep.manager : ""].filter(Boolean).join(" · ");
  const listed = (side) => {
    const sales = sides[side].reduce((sum, row) => sum + (accounts.actual_sales_usd[row] || 0), 0);
    return `${whole.format(sides[side].length)} accounts, ${show.usd(sales)} USD of sales`;
  };
  const tables = [el("div"), el("div"), el("div")];
  const isPart = DATA.counts.listed < DATA.counts.accounts;
  place.replaceChildren(
    el("p", { style: "margin-top:14px" }, el("a", { href: "#reps" }, "← All reps and the whole plan")),
    el("section", { class: "card" }, el("h2", { tabindex: "-1", id: "rep-heading" }, name(rep.name)), el("p", { class: "soft" }, name(about)),
      el("dl", { class: "figures" }, ...REP_FIGURES.map(([key, label, kind]) => el("div", {}, el("dt", {}, label),
        el("dd", { class: "value" }, figure(kind, proposed[key][index])), el("dd", { class: "note" }, "today " + figure(kind, current[key][index])))))),
    ...[[1, "Gains"], [2, "Loses"], [0, "Keeps"]].map(([side, title]) =>
      el("section", { class: "card" }, el("h2", {}, title), el("p", { class: "soft" }, listed(side) + (isPart ? ", of the largest that this file lists" : "")), tables[side])));
  const columns = (side) => [
    { label: "Account", kind: "text", value: (row) => accounts.name[row] },
    ...(side === 1 ? [{ label: "From", value: (row) => repName(accounts.previous[row]), cell: (row) => repLink(accounts.previous[row]) }] : []),
    ...(side === 2 ? [{ label: "To", value: (row) => repName(accounts.rep[row]), cell: (row) => repLink(accounts.rep[row]) }] : []),
    { label: "Sales, USD", kind: "usd", value: (row) => accounts.actual_sales_usd[row] },
    { label: "Potential, USD", kind: "usd", value: (row) => accounts.potential_usd[row] },
    { label: "Hours", kind: "hours", value: (row) => accounts.service_hours[row] },
    { label: "Why", kind: "wide", value: (row) => coded("reason", row), cell: why },
  ];
  [1, 2, 0].forEach((side) => dataTable(tables[side], columns(side), sides[side], { page: 25, search: sides[side].length > 25, label: ["Keeps", "Gains", "Loses"][side], sort: [side === 0 ? 1 : 2, true] }));
}
