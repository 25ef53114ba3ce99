"use strict";
const SEPARATOR = "\u0000";
const key = (table, column) => table + SEPARATOR + column;
const TABLES = new Map(DATA.tables.map(([table, layer, isPublished, grain]) => [table, { layer, isPublished, grain }]));
const COLUMNS = new Map(DATA.columns.map(([table, column, type, unit, description]) => [key(table, column), { table, column, type, unit, description }]));
const METRICS = new Map(DATA.metrics.map(([table, column, title, formula]) => [key(table, column), { title, formula }]));
const UP = new Map(), DOWN = new Map(), HOW = new Map();
for (const [table, column, upTable, upColumn, step, expression] of DATA.lineage) {
  const made = key(table, column);
  HOW.set(made, { step, expression });
  if (!UP.has(made)) UP.set(made, []);
  if (upTable === null || upColumn === null) continue;
  const from = key(upTable, upColumn);
  UP.get(made).push(from);
  if (!DOWN.has(from)) DOWN.set(from, []);
  DOWN.get(from).push(made);
}
const parts = (node) => node.split(SEPARATOR);
const label = (node) => parts(node).join(".");
const layerOf = (table) => (TABLES.has(table) ? TABLES.get(table).layer : "file");

/* Every column on the way and its distance from the chosen one, along the longest path. */
function walk(start, edges) {
  const depth = new Map(), order = [], state = new Map();
  const visit = (node) => {
    if (state.has(node)) return;
    state.set(node, 1);
    for (const next of edges.get(node) || []) visit(next);
    order.push(node);
  };
  visit(start);
  depth.set(start, 0);
  for (const node of order.reverse())
    for (const next of edges.get(node) || [])
      if (next !== node) depth.set(next, Math.max(depth.get(next) || 0, (depth.get(node) || 0) + 1));
  return depth;
}

function setUp() {
  for (const id of ["table", "column", "direction", "which"]) byId(id).addEventListener("change", () => {
    if (id === "which") fillTables(byId("table").value);
    if (id === "table" || id === "which") fillColumns();
    choose();
  });
  addEventListener("hashchange", follow);
  fillTables("kpi_territory");
  fillColumns("market_penetration_pct");
  if (location.hash.length > 1) follow(); else draw();
}

function fillTables(wanted) {
  const all = byId("which").value === "all";
  const names = DATA.tables.filter(([, layer, isPublished]) => all || (isPublished && layer === "mart")).map(([table]) => table);
  if (wanted && TABLES.has(wanted) && !names.includes(wanted)) { byId("which").value = "all"; return fillTables(wanted); }
  byId("table").replaceChildren(...names.map((table) => el("option", { value: table, selected: table === wanted }, table)));
}

function fillColumns(wanted) {
  const table = byId("table").value;
  byId("column").replaceChildren(...DATA.columns.filter(([of]) => of === table)
    .map(([, column]) => el("option", { value: column, selected: column === wanted }, column)));
}

function choose() {
  location.hash = encodeURIComponent(byId("table").value) + "." + encodeURIComponent(byId("column").value);
  draw();
}

function follow() {
  const [table, column] = location.hash.slice(1).split(".").map(decodeURIComponent);
  if (!TABLES.has(table)) return draw();
  fillTables(table);
  fillColumns(column);
  draw();
}

function draw() {
  const table = byId("table").value, column = byId("column").value, start = key(table, column);
  const isUp = byId("direction").value === "up", depth = walk(start, isUp ? UP : DOWN);
  const about = COLUMNS.get(start), metric = METRICS.get(start);
  byId("chosen").replaceChildren(breakable(table + "." + column));
  byId("meaning").textContent = about ? about.description + (about.unit ? ` (${about.unit})` : "") : "";
  byId("formula").textContent = metric ? `${metric.title} = ${metric.formula}` : "";
  const nodes = [...depth.keys()];
  const ends = nodes.filter((node) => node !== start && (isUp ? !UP.has(node) : TABLES.get(parts(node)[0]) && TABLES.get(parts(node)[0]).isPublished));
  byId("ends-heading").textContent = isUp ? "It comes from" : "Published columns made of it";
  byId("ends").replaceChildren(ends.length ? grouped(ends) : el("p", { class: "soft" }, isUp ? "No source column: a constant, a setting, or what the run itself knows." : "None."));
  byId("graph").replaceChildren(graph(nodes, depth, isUp));
  byId("graph").scrollLeft = isUp ? byId("graph").scrollWidth : 0;
  byId("graph").scrollTop = (byId("graph").scrollHeight - byId("graph").clientHeight) / 2;
  dataTable(byId("steps"), [
    { label: "Layer", value: (node) => layerOf(parts(node)[0]) },
    { label: "Column", kind: "wide", value: label, cell: link },
    { label: "Made of", kind: "wide", value: (node) => (UP.get(node) || []).map(label).join(", "), cell: (node) => el("span", {}, ...(UP.get(node) || []).flatMap((from, index) => [index ? ", " : "", link(from)])) },
    { label: "How", kind: "wide", value: (node) => (HOW.get(node) || {}).expression || "" },
    { label: "By", value: (node) => (HOW.get(node) || {}).step || "" },
    { label: "Meaning", kind: "wide", value: (node) => (COLUMNS.get(node) || {}).description || "" },
  ], nodes.slice().sort((a, b) => depth.get(a) - depth.get(b)), { label: "Step by step", page: 50, search: nodes.length > 50 });
}

function link(node, text) {
  const [table, column] = parts(node);
  return TABLES.has(table) && COLUMNS.has(node)
    ? el("a", { href: "#" + encodeURIComponent(table) + "." + encodeURIComponent(column) }, breakable(text || label(node))) : name(text || label(node));
}

function grouped(nodes) {
  const tables = new Map();
  for (const node of nodes) {
    const [table, column] = parts(node);
    if (!tables.has(table)) tables.set(table, []);
    tables.get(table).push(column);
  }
  return el("ul", { class: "plain" }, ...[...tables].sort().map(([table, columns]) =>
    el("li", {}, el("strong", {}, name(table)), ": ", name(columns.sort().map((column) => (column === "*" ? "its rows, counted" : column)).join(", ")))));
}

/* One box a table; its place is that of its column farthest from the chosen one. */
function graph(nodes, depth, isUp) {
  const boxes = new Map();
  for (const node of nodes) {
    const [table, column] = parts(node);
    if (!boxes.has(table)) boxes.set(table, { table, columns: [], depth: 0 });
    boxes.get(table).columns.push(column);
  }
  const edges = new Set();
  for (const node of nodes) for (const next of (isUp ? UP : DOWN).get(node) || []) {
    const from = parts(node)[0], to = parts(next)[0];
    if (from !== to) edges.add(from + SEPARATOR + to);
  }
  /* Tables form no circle, so this settles within as many rounds as there are tables. */
  for (let round = 0, changed = true; changed && round <= boxes.size; round++) {
    changed = false;
    for (const edge of edges) {
      const [from, to] = parts(edge);
      if (boxes.get(to).depth < boxes.get(from).depth + 1) { boxes.get(to).depth = boxes.get(from).depth + 1; changed = true; }
    }
  }
  const last = Math.max(...[...boxes.values()].map((box) => box.depth));
  for (const box of boxes.values()) if (isUp && layerOf(box.table) === "file") box.depth = last;
  /* Two tables side by side on a phone. */
  const [width, gap] = innerWidth <= 600 ? [148, 26] : [216, 44];
  const line = 15, shown = 6, levels = [];
  for (const box of boxes.values()) (levels[box.depth] = levels[box.depth] || []).push(box);
  const deepest = levels.length - 1;
  let height = 0;
  levels.forEach((level, index) => {
    level.sort((a, b) => a.table.localeCompare(b.table, "en"));
    let y = 12;
    for (const box of level) {
      box.lines = box.columns.length > shown ? [...box.columns.sort().slice(0, shown - 1), `and ${box.columns.length - shown + 1} more`] : box.columns.sort();
      box.x = 10 + (isUp ? deepest - index : index) * (width + gap);
      box.y = y;
      box.height = 26 + line * box.lines.length;
      y += box.height + 14;
    }
    level.height = y;
    height = Math.max(height, y);
  });
  for (const level of levels) for (const box of level) box.y += (height - level.height) / 2;
  const total = 20 + (deepest + 1) * (width + gap) - gap;
  const svg = el("svg", { viewBox: `0 0 ${total} ${height}`, width: total, height, style: `width:${total}px;max-width:none`, role: "img", "aria-label": `${boxes.size} tables on the way; the list below names every step.` });
  for (const edge of edges) {
    const [from, to] = parts(edge).map((table) => boxes.get(table));
    const [left, right] = isUp ? [to, from] : [from, to];
    const x1 = left.x + width, y1 = left.y + left.height / 2, x2 = right.x, y2 = right.y + right.height / 2, bend = Math.max(30, (x2 - x1) / 2);
    svg.append(el("path", { d: `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`, fill: "none", stroke: "#8593a1", "stroke-width": 1.3 }));
  }
  for (const box of boxes.values()) {
    const layer = layerOf(box.table);
    svg.append(el("g", {}, el("title", {}, `${box.table} (${layer})`),
      el("rect", { x: box.x, y: box.y, width, height: box.height, rx: 5, fill: FILLS[layer] || "#fff", stroke: "#8593a1" }),
      el("text", { x: box.x + 9, y: box.y + 17, "font-weight": 650 }, fitted(box.table, width - 22)),
      ...box.lines.map((text, index) => el("text", { x: box.x + 9, y: box.y + 34 + line * index, class: "soft" }, fitted(text === "*" ? "rows, counted" : text, width - 18)))));
  }
  return svg;
}

const STAGES = [
  ["file", "Source files"], ["raw", "As it was read"], ["staging", "Typed and renamed"], ["intermediate", "Sources united, scores"],
  ["planning", "What is to be planned"], ["plan", "The plan"], ["mart", "Published: dimensions, facts, KPIs"], ["metadata", "Published: what is known of the run"],
];
const FILLS = { file: "#fdf1de", raw: "#f3eefa", staging: "#eef3f7", intermediate: "#e8f3ee", planning: "#e8f3ee", plan: "#fbe9e2", mart: "#dbe9f4" };

/* The stages one below the other: a graph that fits any window. */
function drawPipeline() {
  const tables = new Map(STAGES.map(([stage]) => [stage, new Set()])), edges = new Set();
  for (const [table, layer] of DATA.tables) if (tables.has(layer)) tables.get(layer).add(table);
  for (const [table, , upTable] of DATA.lineage) {
    if (upTable === null) continue;
    if (layerOf(upTable) === "file") tables.get("file").add(upTable);
    edges.add(layerOf(upTable) + SEPARATOR + layerOf(table));
  }
  const shown = STAGES.filter(([stage]) => tables.get(stage).size), place = new Map(shown.map(([stage], index) => [stage, index]));
  const width = 366, box = { x: 8, width: 268, height: 36 }, step = 58, height = shown.length * step;
  const top = (index) => 8 + index * step, middle = (index) => top(index) + box.height / 2;
  const svg = el("svg", { viewBox: `0 0 ${width} ${height}`, width, height, style: `width:${width}px;max-width:100%`, role: "img", "aria-label": "The stages of the pipeline: " + shown.map(([stage, title]) => `${title}, ${tables.get(stage).size} tables`).join("; ") });
  for (const edge of edges) {
    const [from, to] = parts(edge).map((stage) => place.get(stage));
    if (from === undefined || to === undefined || from >= to) continue;
    const right = box.x + box.width, bend = 14 + 10 * (to - from);
    svg.append(el("path", { d: to === from + 1 ? `M40 ${top(from) + box.height}V${top(to)}` : `M${right} ${middle(from)}C${right + bend} ${middle(from)} ${right + bend} ${middle(to)} ${right} ${middle(to)}`, fill: "none", stroke: "#8593a1", "stroke-width": 1.3 }));
  }
  shown.forEach(([stage, title], index) => svg.append(
    el("rect", { x: box.x, y: top(index), width: box.width, height: box.height, rx: 5, fill: FILLS[stage] || "#fff", stroke: "#8593a1" }),
    el("text", { x: box.x + 10, y: middle(index) + 4 }, title),
    el("text", { x: box.x + box.width - 9, y: middle(index) + 4, "text-anchor": "end", class: "soft" }, String(tables.get(stage).size))));
  byId("stages").replaceChildren(svg);
  const first = new Map();
  for (const [table, column] of DATA.columns) if (!first.has(table)) first.set(table, column);
  byId("stage-tables").replaceChildren(...shown.map(([stage, title]) => el("details", { open: innerWidth > 600 },
    el("summary", {}, `${title} (${tables.get(stage).size})`),
    el("ul", { class: "cloud" }, ...[...tables.get(stage)].sort().map((table) => el("li", {}, first.has(table) ? link(key(table, first.get(table)), table) : name(table)))))));
}

setUp();
drawPipeline();
