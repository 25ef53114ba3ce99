"use strict";
const DATA = JSON.parse(document.getElementById("data").textContent);

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const oneDigit = new Intl.NumberFormat("en-US", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const fine = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 4 });

/* A value for people; a dash where it is unknown. */
const show = {
  text: (value) => (value === null || value === undefined ? "" : String(value)),
  count: (value) => (value === null || value === undefined ? "–" : whole.format(value)),
  usd: (value) => (value === null || value === undefined ? "–" : whole.format(value)),
  hours: (value) => (value === null || value === undefined ? "–" : oneDigit.format(value)),
  percent: (value) => (value === null || value === undefined ? "–" : oneDigit.format(value) + " %"),
  factor: (value) => (value === null || value === undefined ? "–" : "× " + fine.format(value)),
  price: (value) => (value === null || value === undefined ? "–" : fine.format(value)),
};

/* An element with attributes and children; texts become text, never markup. */
function el(tag, attributes, ...children) {
  const isSvg = ["svg", "g", "rect", "line", "circle", "path", "text", "title"].includes(tag);
  const node = isSvg
    ? document.createElementNS("http://www.w3.org/2000/svg", tag)
    : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/* A name from outside: its own writing direction, whatever stands around it. */
const name = (text) => el("bdi", {}, text);

/* A name of tables and columns that may break after each of its words. */
const breakable = (text) => el("bdi", {}, ...text.split(/(?<=[._])/).flatMap((part, index) => (index ? [el("wbr"), part] : [part])));

const byId = (id) => document.getElementById(id);

const CHANGES = [
  { code: 0, label: "keeps its rep", short: "keeps" },
  { code: 1, label: "moves to another rep", short: "move" },
  { code: 2, label: "its rep has left", short: "forced move" },
  { code: 3, label: "had no rep", short: "new assignment" },
  { code: 4, label: "stays without rep", short: "without rep" },
];

function repName(index) {
  return index === -1 ? "nobody" : index < -1 ? DATA.accounts.others[-2 - index][0] : DATA.reps[index].name;
}

function repLink(index) {
  return index === -1 ? el("span", { class: "soft" }, "nobody")
    : index < -1 ? el("span", { class: "soft" }, name(repName(index)), ` (${DATA.accounts.others[-2 - index][1]})`)
    : el("a", { href: "#rep=" + encodeURIComponent(DATA.reps[index].id) }, name(repName(index)));
}

const coded = (column, row) => {
  const code = DATA.accounts[column].codes[row];
  return code < 0 ? "" : DATA.accounts[column].texts[code];
};

/* What decided first, the amounts behind it on request: see `optimization/report/sentences.py`. */
function why(row) {
  const text = coded("reason", row), end = text.search(/ (?:Travel gains USD|Worth USD|Next: )/);
  if (end < 0) return name(text);
  return el("details", {}, el("summary", {}, name(text.slice(0, end))), name(text.slice(end + 1)));
}

function capitalised(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const METRIC_NAMES = {
  hours: "service hours", potential: "potential", sales: "sales", account_count: "number of accounts",
  clock_hours: "hours with travel",
};
const metricName = (metric) => METRIC_NAMES[metric] || metric.replaceAll("_", " ");

/* `text` cut to what fits into so many pixels of a chart, whose letters are 12 pixels high. */
const ruler = document.createElement("canvas").getContext("2d");
function fitted(text, pixels) {
  ruler.font = "12px " + getComputedStyle(document.body).fontFamily;
  const fits = (part) => ruler.measureText(part).width <= pixels;
  if (fits(text)) return text;
  const characters = Array.from(text.slice(0, 120));
  let length = characters.length;
  while (length > 1 && !fits(characters.slice(0, length).join("") + "…")) length--;
  return characters.slice(0, length).join("") + "…";
}

function shortened(text, length) {
  const characters = Array.from(text);
  return characters.length > length ? characters.slice(0, length - 1).join("") + "…" : text;
}
