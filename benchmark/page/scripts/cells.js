// A cell of the table: the board's own text, its interval as a small bar or as numbers, and what the interval covers.
const PLACES = ["rank", "rank_worst"]; // columns of places that tests leave open, which are no metrics
const columnOf = new Map(data.columns.map((column) => [column.name, column]));
const domains = new Map();

// The axis that the bars of a column share: from the lowest to the highest interval of methods and retrained models. What lies
// beyond (a control that refuses everything, say) is drawn at its end. null where hardly any row has an interval.
function domain(name) {
  if (!domains.has(name)) {
    const known = data.rows.filter((row) => row.cells[name] && row.cells[name][1] !== null);
    const cells = known.map((row) => row.cells[name]).filter((cell) => cell[2] !== null);
    const log = columnOf.get(name).scale === "log" && cells.every((cell) => cell[2] > 0);
    const main = known.filter((row) => row.role === "method" || row.name === "retrained").map((row) => row.cells[name]);
    const ends = (main.length > 1 ? main : cells).flatMap((cell) => cell.slice(1, 4)).filter((end) => end !== null);
    const places = ends.map((end) => (log ? Math.log10(end) : end));
    domains.set(name, 2 * cells.length > known.length ? { low: Math.min(...places), high: Math.max(...places), log } : null);
  }
  return domains.get(name);
}

function bar(row, name, cell) {
  const range = domain(name), wide = 66;
  if (!range || range.low === range.high) return null;
  const svg = shape("svg", { class: `bar ${kindOf(row)}`, width: wide, height: 12, "aria-hidden": "true" });
  if (cell[1] === null) return svg;
  const share = (value) => ((range.log ? Math.log10(value) : value) - range.low) / (range.high - range.low);
  const at = (value) => 3 + Math.min(Math.max(share(value), 0), 1) * (wide - 6);
  const yard = data.rows.find((other) => other.name === "retrained" && other.split === row.split && other.role === "model");
  const aim = columnOf.get(name).none ?? (yard && yard.cells[name] && yard.cells[name][1]);
  if (aim !== null && aim !== undefined && (!range.log || aim > 0)) {
    svg.append(shape("line", { class: "rule", x1: at(aim), x2: at(aim), y1: 0, y2: 12, stroke: "currentColor", opacity: 0.35 }));
  }
  if (cell[2] !== null) {
    svg.append(shape("line", { x1: at(cell[2]), x2: at(cell[3]), y1: 6, y2: 6, stroke: "currentColor", "stroke-width": 2, opacity: 0.5 }));
  }
  const beyond = share(cell[1]) < 0 || share(cell[1]) > 1;
  svg.append(shape("circle", { cx: at(cell[1]), cy: 6, r: 2.6, fill: beyond ? "none" : "currentColor", stroke: "currentColor" }));
  return svg;
}

function kindOf(row) {
  return row.role === "model" ? (["finetuned", "retrained", "base"].includes(row.name) ? row.name : "model") : row.role;
}

function limitsText(cell) {
  return cell[2] === null ? "" : `[${like(cell[0], cell[2])}, ${like(cell[0], cell[3])}]`;
}

// A limit with as many decimals as the board gives the number itself.
function like(text, value) {
  if (text.includes("e")) return digits(value);
  const rounded = value.toFixed((text.split(".")[1] || "").length);
  return Number(rounded) === 0 ? rounded.replace("-", "") : rounded;
}

// What a cell says when pointed at: interval, what it covers or why there is none.
function cellTitle(cell) {
  const covers = cell[4] === null ? "" : data.covers[cell[4]];
  if (cell[1] === null) return covers.replace(/^none: /, "undefined: ");
  return cell[2] === null ? covers.replace(/^none: /, "no interval: ") : `95 % interval ${limitsText(cell)} over ${covers}`;
}

function numberCell(row, name, intervals) {
  const cell = row.cells[name];
  if (!cell) return element("td", { class: "number" }, "–");
  const text = cell[6] || (name === data.headline && row.best) ? element("strong", {}, cell[0]) : cell[0];
  const claimed = row.claimed && row.claimed[name] !== undefined;
  const about = [cellTitle(cell), claimed ? `claimed: ${data.covers[row.claimed[name]]}` : ""].filter(Boolean).join("; ");
  const td = element("td", { class: "number", title: about || null }, text, claimed && row.reproduced ? element("span", { class: "warn" }, "°") : null);
  if (intervals === "bars") {
    const drawn = bar(row, name, cell);
    if (drawn) td.append(drawn);
  }
  if (intervals === "numbers" && cell[2] !== null) td.append(element("span", { class: "limits" }, limitsText(cell)));
  return td;
}
