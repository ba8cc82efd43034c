// One metric of every row with its interval, beside the retrained models; and what it reads of models that hold a share.
// In a comparison of boards a column of differences stands beside no difference instead (its "none").
const compared = { metric: "", split: data.splits[0] };

function metricColumns() {
  return data.columns.filter((column) => !PLACES.includes(column.name));
}

function drawCompare() {
  const columns = metricColumns();
  if (!columns.length) return;
  compared.metric = (columns.find((column) => column.name === data.headline) || columns[0]).name;
  const result = element("div", {});
  const again = () => result.replaceChildren(...comparison());
  const choice = element("div", { class: "choice" });
  choice.append(picker("Metric", columns.map((column) => [column.name, column.heading]), compared.metric, (name) => { compared.metric = name; again(); }));
  if (data.splits.length > 1) {
    choice.append(picker("Split", data.splits.map((split) => [split, split]), compared.split, (split) => { compared.split = split; again(); }));
  }
  byId("compare-body").append(choice, result);
  byId("compare-section").hidden = false;
  again();
}

function comparison() {
  const column = columnOf.get(compared.metric);
  const rows = data.rows.filter((row) => row.split === compared.split && row.cells[column.name] && row.cells[column.name][1] !== null);
  const about = element("p", { class: "hint" }, column.text);
  if (!rows.length) return [about, element("p", {}, "No row of this split has a value.")];
  const yard = rows.find((row) => row.name === "retrained" && row.role === "model");
  const gaps = column.none !== undefined, aim = yard && !gaps ? yard.cells[column.name] : null;
  const made = rows.map((row) => {
    const cell = row.cells[column.name], kind = !gaps ? kindOf(row) : cell[6] ? "telling" : "control";
    const text = `${cell[0]} ${cell[2] === null ? "" : limitsText(cell)}${cell[6] ? " apart" : ""}`;
    return { label: row.method, href: `#${row.id}`, low: cell[2], high: cell[3], dots: [{ value: cell[1] }], kind, text };
  });
  const band = aim && aim[2] !== null ? [aim[2], aim[3]] : null;
  const options = { scale: column.scale, band, rule: aim ? aim[1] : column.none, label: `${column.heading} ${column.arrow}`, name: `${column.heading} of every row` };
  const parts = [about, strips(made, options)];
  if (aim) parts.push(element("p", { class: "hint" }, "Dashed: the retrained models' mean" + (band ? ", shaded its 95 % interval." : ".")));
  if (gaps) parts.push(element("p", { class: "hint" }, "Dashed: no difference; in colour and called apart where the interval excludes it."));
  return [...parts, ...doseResponse(rows, column)];
}

function doseResponse(rows, column) {
  const known = rows.filter((row) => row.dose !== null).sort((a, b) => a.dose - b.dose);
  if (known.length < 3 || !known.some((row) => row.role === "control")) return [];
  const points = known.map((row) => [row.dose, ...row.cells[column.name].slice(1, 4), `${row.method}: ${row.cells[column.name][0]}`]);
  const name = `${column.heading} of models that hold a share of the forget rows`;
  const options = { x: "share of the forget rows that the model was trained with", y: column.heading, scale: column.scale, name };
  return [element("h3", {}, "Dose and response"), courses([{ points, kind: "finetuned", dots: true }], options)];
}
