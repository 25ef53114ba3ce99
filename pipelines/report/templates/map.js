"use strict";
/* Accounts, rep bases and outlines on a canvas that zooms and answers to the pointer. */
const MARKS = [
  { colour: "#8593a1", shape: "circle" }, { colour: "#c05000", shape: "triangle" },
  { colour: "#7b3294", shape: "square" }, { colour: "#0072b2", shape: "diamond" },
  { colour: "#000000", shape: "cross" },
];
const OF_REP = [
  { colour: "#0072b2", shape: "circle", label: "keeps" },
  { colour: "#007a5a", shape: "triangle", label: "gains" },
  { colour: "#c05000", shape: "down", label: "loses" },
];

function traced(context, shape, x, y, r) {
  context.beginPath();
  if (shape === "circle") context.arc(x, y, r, 0, 2 * Math.PI);
  else if (shape === "square") context.rect(x - r * 0.9, y - r * 0.9, r * 1.8, r * 1.8);
  else if (shape === "cross") {
    context.moveTo(x - r, y - r); context.lineTo(x + r, y + r); context.moveTo(x + r, y - r); context.lineTo(x - r, y + r);
  } else {
    const corners = shape === "triangle" ? [[0, -1.25], [1.15, 0.8], [-1.15, 0.8]]
      : shape === "down" ? [[0, 1.25], [1.15, -0.8], [-1.15, -0.8]] : [[0, -1.3], [1.3, 0], [0, 1.3], [-1.3, 0]];
    corners.forEach(([dx, dy], index) => context[index ? "lineTo" : "moveTo"](x + r * dx, y + r * dy));
    context.closePath();
  }
}

function markSvg(mark) {
  const paths = {
    circle: "M7 2a5 5 0 1 1 0 10a5 5 0 1 1 0-10z", square: "M2 2h10v10H2z", triangle: "M7 1l6 11H1z",
    down: "M7 13l6-11H1z", diamond: "M7 0l7 7l-7 7l-7-7z", cross: "M2 2l10 10M12 2l-10 10", base: "M7 0l2 5h5l-4 3l2 6l-5-4l-5 4l2-6l-4-3h5z",
  };
  return el("path", { d: paths[mark.shape], fill: mark.shape === "cross" ? "none" : mark.colour, stroke: mark.shape === "cross" ? mark.colour : null, "stroke-width": mark.shape === "cross" ? 2.5 : null });
}

function linesPath(lines) {
  const path = new Path2D();
  for (const line of lines) {
    let x = line[0], y = line[1];
    path.moveTo(x, y);
    for (let i = 2; i < line.length; i += 2) path.lineTo(x += line[i], y += line[i + 1]);
  }
  return path;
}

function setUpMap() {
  const canvas = byId("map-canvas"), context = canvas.getContext("2d"), tip = byId("map-tip");
  const { width, height, area } = DATA.map, accounts = DATA.accounts, isCounted = DATA.cells.length > 0;
  const borders = linesPath(DATA.map.borders), inner = linesPath(DATA.map.inner);
  const total = accounts.id.length;
  const home = homeView(), view = Object.assign({}, home);
  let size = [0, 0], waiting = false;

  const mode = byId("map-mode"), chosen = byId("map-rep");
  DATA.reps.forEach((rep, index) => chosen.append(el("option", { value: index }, rep.name)));
  [mode, chosen].forEach((control) => control.addEventListener("change", () => { legend(); redraw(); }));
  byId("map-in").addEventListener("click", () => zoom(1.6));
  byId("map-out").addEventListener("click", () => zoom(1 / 1.6));
  byId("map-all").addEventListener("click", () => { Object.assign(view, home); redraw(); });
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (step) move(step[0] * 60, step[1] * 60);
    else if (event.key === "+" || event.key === "=") zoom(1.6);
    else if (event.key === "-") zoom(1 / 1.6);
    else return;
    event.preventDefault();
  });
  canvas.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey && document.activeElement !== canvas) return;
    event.preventDefault();
    const box = canvas.getBoundingClientRect();
    zoom(Math.exp(-event.deltaY / 400), event.clientX - box.left, event.clientY - box.top);
  }, { passive: false });
  let held = null;
  canvas.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "mouse") { held = [event.clientX, event.clientY]; canvas.setPointerCapture(event.pointerId); }
    else point(event);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (held) { move(event.clientX - held[0], event.clientY - held[1]); held = [event.clientX, event.clientY]; }
    else if (event.pointerType === "mouse") point(event);
  });
  canvas.addEventListener("pointerup", () => { held = null; });
  canvas.addEventListener("pointerleave", () => { tip.hidden = true; });
  new ResizeObserver(resize).observe(canvas.parentElement);
  const off = accounts.x.filter((x) => x === null).length;
  byId("map-note").textContent = "Stars are the bases of reps. Drag to move; the wheel zooms once the map is clicked."
    + (isCounted ? " A square stands for several accounts: its size for how many, its colour for the territory with most of them." : "")
    + (off ? ` ${whole.format(off)} accounts have no known place${area === "us" ? " in the United States" : ""}.` : "");
  legend();
  resize();

  /* Everything, or for a book in a part of the world that part. */
  function homeView() {
    if (area === "us") return { x: width / 2, y: height / 2, span: width };
    const xs = accounts.x.filter((x) => x !== null), ys = accounts.y.filter((y) => y !== null);
    if (!xs.length) return { x: 0, y: 0, span: width };
    const box = [xs, ys].map((v) => v.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity]));
    return { x: (box[0][0] + box[0][1]) / 2, y: (box[1][0] + box[1][1]) / 2, span: Math.max(200, 1.15 * (box[0][1] - box[0][0]), 1.9 * (box[1][1] - box[1][0])) };
  }

  function resize() {
    const across = Math.max(280, canvas.parentElement.clientWidth), down = Math.round(across * (across < 600 ? 0.68 : 0.6));
    const ratio = window.devicePixelRatio || 1;
    if (size[0] === across && size[1] === down) return;
    size = [across, down];
    canvas.style.height = down + "px";
    canvas.width = Math.round(across * ratio);
    canvas.height = Math.round(down * ratio);
    redraw();
  }

  function scale() { return size[0] / view.span; }
  function screen(x, y) { return [(x - view.x) * scale() + size[0] / 2, (y - view.y) * scale() + size[1] / 2]; }

  function zoom(factor, x = size[0] / 2, y = size[1] / 2) {
    const before = scale();
    view.span = Math.min(home.span * 1.5, Math.max(home.span / 80, view.span / factor));
    const shift = 1 / before - 1 / scale();
    view.x += (x - size[0] / 2) * shift;
    view.y += (y - size[1] / 2) * shift;
    redraw();
  }

  function move(dx, dy) { view.x -= dx / scale(); view.y -= dy / scale(); redraw(); }

  function redraw() {
    tip.hidden = true;
    if (!waiting) { waiting = true; requestAnimationFrame(() => { waiting = false; draw(); }); }
  }

  function draw() {
    const ratio = canvas.width / size[0], s = scale();
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, size[0], size[1]);
    context.setTransform(ratio * s, 0, 0, ratio * s, ratio * (size[0] / 2 - view.x * s), ratio * (size[1] / 2 - view.y * s));
    context.lineJoin = "round";
    const closeness = home.span / view.span;
    if (size[0] >= 600 || closeness > 2) {
      context.lineWidth = 0.5 / s; context.strokeStyle = closeness > 3 ? "#c3ccd5" : "#e4e9ee"; context.stroke(inner);
    }
    context.lineWidth = 1 / s; context.strokeStyle = "#9aa7b4"; context.stroke(borders);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const radius = (size[0] < 600 ? 1.7 : 2.3) * Math.min(2.4, Math.sqrt(closeness)) * (total > 8000 && closeness < 3 ? 0.75 : 1);
    if (isCounted) drawCells(s);
    for (const layer of layers()) {
      context.globalAlpha = layer.alpha;
      context.fillStyle = context.strokeStyle = layer.colour;
      context.lineWidth = 1.6;
      for (const row of layer.rows) {
        const [x, y] = screen(accounts.x[row], accounts.y[row]);
        if (x < -9 || y < -9 || x > size[0] + 9 || y > size[1] + 9) continue;
        traced(context, layer.shape, x, y, radius * layer.size);
        if (layer.shape === "cross") context.stroke(); else context.fill();
      }
    }
    context.globalAlpha = 1;
    DATA.reps.forEach((rep, index) => {
      if (rep.x === null) return;
      const [x, y] = screen(rep.x, rep.y), isFaint = chosen.value !== "" && Number(chosen.value) !== index;
      if (isFaint) return;
      star(x, y, size[0] < 600 ? 5.5 : 7.5, mode.value === "territory" ? DATA.colours[rep.colour] : "#1b2430");
    });
  }

  function drawCells(s) {
    const largest = Math.max(...DATA.cells.map((cell) => cell[3]));
    for (const [x, y, rep, count] of DATA.cells) {
      const [sx, sy] = screen(x, y), r = Math.max(1, 30 * s * Math.pow(count / largest, 0.35));
      context.globalAlpha = chosen.value !== "" && Number(chosen.value) !== rep ? 0.15 : 0.75;
      context.fillStyle = rep < 0 ? "#000" : DATA.colours[DATA.reps[rep].colour];
      context.fillRect(sx - r, sy - r, 2 * r, 2 * r);
    }
    context.globalAlpha = 1;
  }

  function star(x, y, r, colour) {
    context.beginPath();
    for (let i = 0; i < 10; i++) {
      const angle = -Math.PI / 2 + i * Math.PI / 5, length = i % 2 ? r * 0.45 : r;
      context[i ? "lineTo" : "moveTo"](x + length * Math.cos(angle), y + length * Math.sin(angle));
    }
    context.closePath();
    context.fillStyle = colour; context.fill();
    context.lineWidth = 1.2; context.strokeStyle = "#fff"; context.stroke();
  }

  /* What is drawn later lies on top: changes above what stays. */
  function layers() {
    const drawn = [];
    const layer = (key, style) => drawn.find((one) => one.key === key) || drawn[drawn.push({ key, rows: [], ...style }) - 1];
    const rep = chosen.value === "" ? null : Number(chosen.value);
    if (rep !== null) layer("others", { colour: "#8593a1", shape: "circle", alpha: 0.15, size: 0.8, order: 0 });
    for (let row = 0; row < total; row++) {
      if (accounts.x[row] === null) continue;
      const change = accounts.change[row];
      if (rep !== null) {
        const side = sideOf(row, rep);
        if (side === null) layer("others").rows.push(row);
        else layer("rep" + side, { ...OF_REP[side], alpha: 0.9, size: 1.5, order: side + 1 }).rows.push(row);
      } else if (isCounted) continue;
      else if (mode.value === "territory") {
        const owner = accounts.rep[row], colour = owner < 0 ? "#000" : DATA.colours[DATA.reps[owner].colour];
        layer(colour, { colour, shape: "circle", alpha: 0.85, size: 1.15, order: 1 }).rows.push(row);
      } else layer(change, { ...MARKS[change], alpha: change ? 0.85 : 0.6, size: change ? 1.4 : 1, order: change }).rows.push(row);
    }
    return drawn.sort((a, b) => a.order - b.order);
  }

  function legend() {
    const items = chosen.value !== "" ? OF_REP.map((mark) => legendItem(markSvg(mark), mark.label))
      : mode.value === "territory" || isCounted ? [el("li", {}, "Each territory has another colour than its neighbours; hover to see whose it is.")]
      : CHANGES.filter((change) => accounts.change.includes(change.code)).map((change) => legendItem(markSvg(MARKS[change.code]), change.label));
    items.push(legendItem(markSvg({ shape: "base", colour: "#1b2430" }), "base of a rep"));
    byId("map-legend").replaceChildren(...items);
  }

  function point(event) {
    const box = canvas.getBoundingClientRect(), px = event.clientX - box.left, py = event.clientY - box.top;
    let best = null, nearest = 14 * 14;
    const look = (x, y, what) => {
      if (x === null) return;
      const [sx, sy] = screen(x, y), distance = (sx - px) ** 2 + (sy - py) ** 2;
      if (distance < nearest) { nearest = distance; best = { what, sx, sy }; }
    };
    if (!isCounted || chosen.value !== "") for (let row = 0; row < total; row++) look(accounts.x[row], accounts.y[row], { row });
    if (isCounted) DATA.cells.forEach((cell) => look(cell[0], cell[1], { cell }));
    DATA.reps.forEach((rep, index) => look(rep.x, rep.y, { rep: index }));
    tip.hidden = best === null;
    if (best === null) return;
    tip.replaceChildren(...described(best.what));
    tip.style.left = Math.max(4, Math.min(best.sx + 12, size[0] - tip.offsetWidth - 6)) + "px";
    tip.style.top = Math.max(4, Math.min(best.sy + 12, size[1] - tip.offsetHeight - 6)) + "px";
  }

  function described(what) {
    const line = (...parts) => el("div", {}, ...parts);
    if (what.rep !== undefined) {
      const rep = DATA.reps[what.rep], plan = DATA.territories.proposed;
      return [line(el("strong", {}, name(rep.name))), line("base of a rep", rep.region ? ", " : "", rep.region ? name(rep.region) : ""),
        line(`${show.count(plan.account_count[what.rep])} accounts in the plan`)];
    }
    if (what.cell) return [line(el("strong", {}, `${whole.format(what.cell[3])} accounts`)), line("most of them with ", name(repName(what.cell[2])))];
    const row = what.row;
    return [line(el("strong", {}, name(shortened(accounts.name[row], 80)))),
      accounts.change[row] ? line(name(repName(accounts.previous[row])), " → ", name(repName(accounts.rep[row]))) : line("stays with ", name(repName(accounts.rep[row]))),
      line(`sales ${show.usd(accounts.actual_sales_usd[row])} USD, ${show.hours(accounts.service_hours[row])} hours`),
      el("div", { class: "soft" }, shortened(coded("reason", row), 160))];
  }
}
