// lines: [{points: [[x, y, low, high, title]], kind, dots, name, href}]; options: {x, y, scale, name, labels: names at the ends,
// rules: [{value, name, kind}], levels that lie across}
function courses(lines, options) {
  const left = 64, right = WIDE - (options.labels ? 190 : 20), rules = (options.rules || []).filter((rule) => rule.value !== null);
  const tall = Math.max(260, options.labels ? 13 * (lines.length + rules.length) + 60 : 0), bottom = tall - 44;
  const points = lines.flatMap((line) => line.points);
  const across = scaleOf(points.map((point) => point[0]), "linear", left, right);
  const upright = scaleOf([...points.flatMap((point) => point.slice(1, 4)), ...rules.map((rule) => rule.value)], options.scale, bottom, 10);
  const svg = shape("svg", { viewBox: `0 0 ${WIDE} ${tall}`, class: "chart", role: "group", "aria-label": options.name });
  for (const tick of upright.ticks) {
    svg.append(shape("line", { class: "grid", x1: left, x2: right, y1: upright.at(tick), y2: upright.at(tick) }));
    svg.append(shape("text", { class: "tick", x: left - 8, y: upright.at(tick) + 4, "text-anchor": "end" }, digits(tick)));
  }
  for (const tick of across.ticks) {
    svg.append(shape("text", { class: "tick", x: across.at(tick), y: bottom + 18, "text-anchor": "middle" }, digits(tick)));
  }
  svg.append(shape("text", { class: "axis", x: (left + right) / 2, y: tall - 6, "text-anchor": "middle" }, options.x));
  svg.append(shape("text", { class: "axis", transform: `translate(14 ${bottom / 2}) rotate(-90)`, "text-anchor": "middle" }, options.y));
  const drawn = [...rules.map((rule) => ruleLine(rule, upright, left, right)), ...lines.map((line) => courseLine(line, across, upright))];
  if (options.labels) endLabels(drawn, right, bottom);
  svg.append(...drawn.map((line) => line.group));
  const table = courseTable(lines, options);
  return withTable(element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": options.name }, svg), options.name, table.heads, table.lines);
}

function courseLine(line, across, upright) {
  const corners = line.points.map((point) => `${across.at(point[0]).toFixed(1)},${upright.at(point[1]).toFixed(1)}`);
  const group = shape("g", { class: `line ${line.kind}` }, shape("polyline", { class: "course", points: corners.join(" ") }));
  if (line.name) group.append(shape("title", {}, line.name));
  for (const [x, y, low, high, title] of line.dots || line.points.length === 1 ? line.points : []) {
    if (low !== null && low !== undefined && high !== null && high !== undefined) {
      group.append(shape("line", { class: "range", x1: across.at(x), x2: across.at(x), y1: upright.at(low), y2: upright.at(high) }));
    }
    group.append(shape("circle", { class: "dot", cx: across.at(x), cy: upright.at(y), r: 4.2 }, title ? shape("title", {}, title) : null));
  }
  const last = line.points.at(-1);
  return { group, name: line.name, href: line.href, x: across.at(last[0]), y: upright.at(last[1]) };
}

function ruleLine(rule, upright, left, right) {
  const y = upright.at(rule.value);
  return { group: shape("g", { class: rule.kind }, shape("line", { class: "rule", x1: left, x2: right, y1: y, y2: y })), name: rule.name, x: right, y };
}

// Names beside the lines' ends, moved apart where they would meet, each with a thin line to its end.
function endLabels(drawn, right, bottom) {
  const size = 13, ordered = [...drawn].sort((a, b) => a.y - b.y);
  let free = 6;
  for (const line of ordered) { line.at = Math.max(line.y, free); free = line.at + size; }
  let most = bottom;
  for (const line of ordered.reverse()) { line.at = Math.min(line.at, most); most = line.at - size; }
  for (const line of drawn) {
    line.group.append(shape("line", { class: "leader", x1: line.x, y1: line.y, x2: right + 12, y2: line.at }));
    const text = shape("text", { class: "end", x: right + 15, y: line.at + 4 }, clipped(line.name, 26));
    line.group.append(line.href ? shape("a", { href: line.href, "aria-label": line.name }, text) : text);
  }
}
