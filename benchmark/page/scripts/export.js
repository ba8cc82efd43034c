// What is shown, as CSV. A spreadsheet runs a cell that begins with = + - @ as a formula: an apostrophe keeps it a text.
function csvCell(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return String(value);
  const isNumber = value.trim() !== "" && Number.isFinite(Number(value));
  const safe = /^[=+\-@\t\r]/.test(value) && !isNumber ? `'${value}` : value;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function csvText(rows, columns) {
  const limits = columns.flatMap((column) => (domain(column.name) ? [column.name, `${column.name}_low`, `${column.name}_high`] : [column.name]));
  const told = (row) => (data.checked ? [row.standing, columns.map((column) => column.name).filter((name) => row.claimed[name] !== undefined).join(" ")] : []);
  const lines = [["method", "split", "block", "status", ...(data.checked ? ["numbers", "claimed"] : []), ...limits]];
  for (const row of rows) {
    const numbers = columns.flatMap((column) => {
      const cell = row.cells[column.name];
      const first = !cell ? null : PLACES.includes(column.name) ? cell[0] : cell[1];
      return domain(column.name) ? [first, cell ? cell[2] : null, cell ? cell[3] : null] : [first];
    });
    lines.push([row.method, row.split, row.block, row.status, ...told(row), ...numbers]);
  }
  return lines.map((line) => line.map(csvCell).join(",")).join("\n") + "\n";
}

function download(name, text) {
  const link = element("a", { href: URL.createObjectURL(new Blob([text], { type: "text/csv" })), download: name });
  document.body.append(link);
  link.click();
  link.remove();
  URL.revokeObjectURL(link.href);
}
