// Every trial of the sweep that kept enough of what was to stay: the choice is filled, the others are open.
function drawSensitivity() {
  const known = data.sensitivity;
  if (!known || !known.trials.length) return;
  const body = byId("sensitivity-body"), column = columnOf.get(known.column);
  const heading = column ? column.heading : known.column;
  body.append(element("p", { class: "hint" }, `Every trial of the search that kept enough of utility (${known.file}); filled: the trial that was chosen. Where a method's marks lie far apart, its place on the board hangs on the choice.`));
  for (const split of [...new Set(known.trials.map((trial) => trial.split))]) {
    const trials = known.trials.filter((trial) => trial.split === split);
    const rows = [...new Set(trials.map((trial) => trial.method))].map((method) => trialRow(method, split, trials));
    const part = element("div", { "data-split": split }, data.splits.length > 1 ? element("h3", {}, split) : "");
    part.append(strips(rows, { scale: column ? column.scale : "linear", label: heading, name: `${heading} of every qualifying trial` }));
    body.append(part);
  }
  byId("sensitivity-section").hidden = false;
}

function trialRow(method, split, trials) {
  const own = trials.filter((trial) => trial.method === method);
  const row = data.rows.find((other) => other.name === method && other.split === split);
  const values = own.map((trial) => trial.value);
  const places = own.map((trial) => Number(trial.place)).filter(Boolean);
  const span = places.length ? `place ${[...new Set([Math.min(...places), Math.max(...places)])].join(" to ")} of ${own[0].of}` : "";
  const dots = own.map((trial) => ({ value: trial.value, open: !trial.chosen, title: `${method}: ${trial.changes}, ${digits(trial.value)}` }));
  dots.sort((a, b) => b.open - a.open); // the choice on top
  return { label: method, href: row ? `#${row.id}` : null, low: Math.min(...values), high: Math.max(...values), dots, kind: "method", text: span };
}
