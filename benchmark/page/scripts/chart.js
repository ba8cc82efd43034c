// Strips: a row a line, interval and marks over one axis. Lines over steps, doses or epochs: chart_lines.js.
const LABEL = 190, WIDE = 860, LINE = 23;

function scaleOf(values, kind, from, to) {
  const known = values.filter((value) => value !== null && value !== undefined && (kind !== "log" || value > 0));
  let low = Math.min(...known), high = Math.max(...known);
  if (kind === "log") [low, high] = [Math.log10(low), Math.log10(high)];
  const room = (high - low || Math.abs(high) || 1) * 0.04;
  [low, high] = [low - room, high + room];
  const at = (value) => {
    const place = kind === "log" ? (value > 0 ? Math.log10(value) : low) : value;
    return Math.min(Math.max(from + ((place - low) / (high - low)) * (to - from), Math.min(from, to)), Math.max(from, to));
  };
  return { at, ticks: kind === "log" ? decades(low, high) : steps(low, high) };
}

function steps(low, high, about = 6) {
  const raw = (high - low) / about, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((digit) => digit * power).find((size) => size >= raw);
  const ticks = [];
  for (let k = Math.ceil(low / step); k * step <= high; k++) ticks.push(+(k * step).toPrecision(12));
  return ticks;
}

function decades(low, high) {
  const every = Math.ceil((high - low) / 8), ticks = [];
  const parts = high - low < 0.8 ? [1, 1.5, 2, 3, 4, 5, 6, 8] : high - low < 2.2 ? [1, 2, 5] : [1];
  for (let power = Math.floor(low); power <= high; power++) {
    if (power % every === 0) for (const digit of parts) ticks.push(digit * 10 ** power);
  }
  return ticks.filter((tick) => Math.log10(tick) >= low && Math.log10(tick) <= high);
}

// rows: {label, href, low, high, dots: [{value, title, open}], kind, text}; options: {scale, band: [low, high], rule, label, name, room for the texts on the right}
function strips(rows, options) {
  const tall = rows.length * LINE + 46, right = WIDE - (options.room || 160);
  const values = rows.flatMap((row) => [row.low, row.high, ...row.dots.map((dot) => dot.value)]);
  const axis = scaleOf([...values, ...(options.band || []), options.rule], options.scale, LABEL, right);
  const svg = shape("svg", { viewBox: `0 0 ${WIDE} ${tall}`, class: "chart", role: "group", "aria-label": options.name });
  if (options.band) {
    const ends = options.band.map(axis.at);
    svg.append(shape("rect", { class: "band", x: ends[0], y: 0, width: Math.max(ends[1] - ends[0], 1), height: tall - 40 }));
  }
  for (const tick of axis.ticks) {
    svg.append(shape("line", { class: "grid", x1: axis.at(tick), x2: axis.at(tick), y1: 0, y2: tall - 40 }));
    svg.append(shape("text", { class: "tick", x: axis.at(tick), y: tall - 24, "text-anchor": "middle" }, digits(tick)));
  }
  if (options.rule !== undefined && options.rule !== null) {
    svg.append(shape("line", { class: "rule", x1: axis.at(options.rule), x2: axis.at(options.rule), y1: 0, y2: tall - 40 }));
  }
  svg.append(shape("text", { class: "axis", x: (LABEL + right) / 2, y: tall - 6, "text-anchor": "middle" }, options.label));
  rows.forEach((row, i) => svg.append(strip(row, i * LINE + LINE / 2, axis, right)));
  const { heads, lines } = stripTable(rows, options);
  return withTable(element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": options.name }, svg), options.name, heads, lines);
}

function strip(row, y, axis, right) {
  const name = shape("text", { x: LABEL - 10, y: y + 4, "text-anchor": "end" }, clipped(row.label, 28));
  const label = row.href ? shape("a", { href: row.href, "aria-label": `${row.label} ${row.text || ""}` }, name) : name;
  const group = shape("g", { class: row.kind || "method" }, shape("title", {}, `${row.label}\n${row.text || ""}`), label);
  if (row.low !== null && row.low !== undefined && row.high !== null && row.high !== undefined) {
    group.append(shape("line", { class: "range", x1: axis.at(row.low), x2: axis.at(row.high), y1: y, y2: y }));
  }
  for (const dot of row.dots) {
    if (dot.value === null || dot.value === undefined) continue;
    const mark = shape("circle", { class: dot.open ? "open" : "dot", cx: axis.at(dot.value), cy: y, r: 4.2 });
    if (dot.title) mark.append(shape("title", {}, dot.title));
    group.append(mark);
  }
  group.append(shape("text", { x: right + 12, y: y + 4 }, row.text || ""));
  return group;
}
