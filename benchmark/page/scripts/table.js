// The table: which rows and columns are shown, in which order.
const BLOCKS = { "methods": "methods", "below 90 %": "methods", "not ranked": "methods", "models": "references", "controls": "controls" };
const state = {
  text: "", split: "", groups: new Set(["methods", "references", "controls"]), families: new Set(["headline"]),
  intervals: "bars", sort: null, down: false, together: true,
};

function shownColumns() {
  return data.columns.filter((column) => state.families.has(column.family));
}

function shownRows() {
  const words = state.text.toLowerCase().split(/\s+/).filter(Boolean);
  const rows = data.rows.filter((row) => {
    const text = [row.method, row.block, row.status, row.standing || "", ...row.marks].join(" ").toLowerCase();
    return (!state.split || row.split === state.split) && state.groups.has(BLOCKS[row.block]) && words.every((word) => text.includes(word));
  });
  return state.sort === null ? rows : sorted(rows);
}

// In the board's blocks, or all together; rows without a value come last either way.
function sorted(rows) {
  const places = new Map(data.rows.map((row, i) => [row, i]));
  const blocks = new Map();
  data.rows.forEach((row, i) => { if (!blocks.has(blockOf(row))) blocks.set(blockOf(row), i); });
  const value = (row) => (state.sort === "method" ? row.method : ["status", "standing"].includes(state.sort) ? row[state.sort] : (row.cells[state.sort] || [])[1]);
  return [...rows].sort((a, b) => {
    const apart = state.together ? blocks.get(blockOf(a)) - blocks.get(blockOf(b)) : 0;
    const [x, y] = [value(a) ?? null, value(b) ?? null];
    const way = x === null || y === null ? (x === null) - (y === null) : compare(x, y) * (state.down ? -1 : 1);
    return apart || way || places.get(a) - places.get(b);
  });
}

function compare(x, y) {
  return typeof x === "number" ? x - y : x.localeCompare(y, "en", { numeric: true });
}

function blockOf(row) {
  return `${row.split} ${row.block}`;
}

function sortBy(name) {
  const best = columnOf.has(name) && columnOf.get(name).way.startsWith("higher");
  if (state.sort !== name) [state.sort, state.down] = [name, best];
  else if (state.down === best) state.down = !best;
  else state.sort = null; // the third time: the board's own order
  drawTable();
}

function head(name, text, column) {
  const order = state.sort !== name ? "none" : state.down ? "descending" : "ascending";
  const button = element("button", { type: "button", "data-column": name, onclick: () => sortBy(name) }, text);
  const about = column ? column.text : null;
  return element("th", { scope: "col", class: column ? "number" : null, "aria-sort": order, title: about, "aria-description": about }, button);
}

function drawTable() {
  const table = byId("board"), columns = shownColumns(), rows = shownRows(), several = data.splits.length > 1;
  const focused = document.activeElement && document.activeElement.dataset ? document.activeElement.dataset.column : null;
  const heads = element("tr", {}, head("method", "Method"), several ? element("th", { scope: "col" }, "Split") : null);
  for (const column of columns) heads.append(head(column.name, `${column.heading} ${column.arrow}`.trim(), column));
  heads.append(head("status", "Status"));
  if (data.checked) heads.append(head("standing", "Numbers"));
  table.replaceChildren(element("thead", {}, heads), ...bodies(rows, columns, several));
  if (focused) { const again = table.querySelector(`[data-column="${CSS.escape(focused)}"]`); if (again) again.focus(); }
  byId("shown").textContent = `${rows.length} of ${data.rows.length} rows, ${columns.length} of ${data.columns.length} columns.`;
}

function bodies(rows, columns, several) {
  const made = [], grouped = state.sort === null || state.together;
  let last = null;
  for (const row of rows) {
    if (!made.length || (grouped && blockOf(row) !== last)) {
      made.push(element("tbody", {}));
      last = blockOf(row);
      const name = element("span", {}, row.block + (several ? ` · ${row.split}` : ""));
      if (grouped) made.at(-1).append(element("tr", { class: "block" }, element("th", { scope: "rowgroup", colspan: columns.length + 2 + several + (data.checked ? 1 : 0) }, name)));
    }
    made.at(-1).append(line(row, columns, several));
  }
  return made;
}

function line(row, columns, several) {
  const name = element("th", { scope: "row" }, element("a", { href: `#${row.id}` }, row.method));
  if (row.front) name.append(element("span", { class: "frontmark", title: "On the Pareto front of distance and utility kept" }, "◆ front"));
  for (const mark of row.marks) name.append(element("span", { class: "frontmark warn", title: mark }, "!"));
  const tr = element("tr", { class: `is-${row.role}` }, name, several ? element("td", {}, row.split) : null);
  for (const column of columns) tr.append(numberCell(row, column.name, state.intervals));
  tr.append(element("td", { class: row.status === "ok" ? null : "warn" }, row.status));
  if (data.checked) tr.append(element("td", { class: row.standing === "reproduced" ? null : "warn" }, row.standing));
  return tr;
}
