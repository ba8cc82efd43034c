// A row's own page in a comparison: both boards' numbers, what differs between its settings.
function rowParts(row) {
  const places = row.cells.rank ? data.covers[row.cells.rank[4]] : "";
  return [
    row.marks.length ? part("Made with other settings", element("ul", {}, ...row.marks.map((text) => element("li", { class: "warn" }, text)))) : null,
    places ? part("Places", element("p", {}, places), element("p", { class: "hint" }, "a → b among the methods that are ranked on both boards; in brackets what each board's tests over authors leave open.")) : null,
    part("Every number", differenceTable(row)),
  ].filter(Boolean);
}

function part(title, ...children) {
  return element("section", {}, element("h3", {}, title), ...children);
}

function differenceTable(row) {
  const rows = data.columns.filter((column) => column.none !== undefined && row.cells[column.name] && row.cells[column.name][1] !== null).map((column) => {
    const own = ["a", "b"].map((side) => row.cells[`${side}:${column.name}`]).map((cell) => [cell[0], limitsText(cell)].join(" ").trim());
    const cell = row.cells[column.name], texts = [...own, cell[6] ? element("strong", {}, cell[0]) : cell[0], limitsText(cell)];
    const over = (cell[4] === null ? "" : data.covers[cell[4]]).replace(/^none: /, "no interval: ");
    return element("tr", {}, element("th", { scope: "row", title: column.text }, column.heading), ...texts.map((text) => element("td", { class: "number" }, text)), element("td", { class: "hint" }, over));
  });
  const heads = ["Metric", "a", "b", "Difference", "95 % interval", "over"].map((text, i) => element("th", { scope: "col", class: i && i < 5 ? "number" : null }, text));
  return element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Every number" }, element("table", {}, element("thead", {}, element("tr", {}, ...heads)), element("tbody", {}, ...rows)));
}
