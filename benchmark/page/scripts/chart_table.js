// Every chart's numbers as a table below it, made when it is opened: for who does not see the chart, or wants the digits.
function withTable(chart, name, heads, lines) {
  const details = element("details", { class: "numbers" }, element("summary", {}, "Its numbers as a table"));
  details.addEventListener("toggle", () => { if (details.childElementCount === 1) details.append(plainTable(name, heads, lines())); });
  return element("div", { class: "charted" }, chart, details);
}

function plainTable(name, heads, lines) {
  const head = element("tr", {}, ...heads.map((text, i) => element("th", { scope: "col", class: i ? "number" : null }, text)));
  const rows = lines.map((line) => element("tr", {}, element("th", { scope: "row" }, line[0]), ...line.slice(1).map((value) => element("td", { class: "number" }, typeof value === "string" ? value : digits(value)))));
  const table = element("table", {}, element("caption", {}, name), element("thead", {}, head), element("tbody", {}, ...rows));
  return element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": `${name}, as a table` }, table);
}

// A column for each kind of mark that any row has ("" where a row has one mark without a name), ends of the lines, the text beside.
function stripTable(rows, options) {
  const most = Math.max(...rows.map((row) => row.dots.length));
  const titles = Array.from({ length: most }, (_, i) => (most === 1 ? options.label : rows.map((row) => (row.dots[i] || {}).title).find(Boolean) || "value"));
  const dots = options.each ? [options.label] : titles;
  const lines = () => rows.map((row) => {
    const values = row.dots.map((dot) => dot.value ?? null);
    const own = options.each ? [row.dots.map((dot) => dot.title).join("; ")] : Array.from({ length: most }, (_, i) => values[i] ?? null);
    return [row.label, ...own, row.low ?? null, row.high ?? null, row.text || ""];
  });
  return { heads: ["Row", ...dots, "from", "to", "beside it"], lines };
}

function courseTable(lines, options) {
  const rows = () => lines.flatMap((line) => line.points.map(([x, y, low, high]) => [line.name || options.name, x, y, low ?? null, high ?? null]));
  return { heads: ["Line", options.x, options.y, "from", "to"], lines: rows };
}
