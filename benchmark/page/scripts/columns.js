// The form above the table.
function box(label, chosen, change) {
  const input = element("input", { type: "checkbox", checked: chosen, onchange: () => change(input.checked) });
  return element("label", {}, input, label);
}

function toggle(set, name) {
  return (on) => { if (on) set.add(name); else set.delete(name); drawTable(); };
}

function boxes(legend, names, set) {
  const field = element("fieldset", {}, element("legend", {}, legend));
  for (const [name, text] of names) field.append(box(text, set.has(name), toggle(set, name)));
  return field;
}

function drawControls() {
  const form = byId("controls");
  const search = element("input", { type: "search", placeholder: "name or status", oninput: () => { state.text = search.value; drawTable(); } });
  form.append(element("label", {}, "Filter", search));
  if (data.splits.length > 1) {
    form.append(picker("Split", [["", "all"], ...data.splits.map((split) => [split, split])], "", chooseSplit));
  }
  const groups = ["methods", "references", "controls"].filter((group) => data.rows.some((row) => BLOCKS[row.block] === group));
  form.append(boxes("Rows", groups.map((group) => [group, group]), state.groups));
  const families = Object.entries(data.families).filter(([name]) => data.columns.some((column) => column.family === name));
  form.append(boxes("Columns", families, state.families));
  form.append(picker("Intervals", [["bars", "bars"], ["numbers", "numbers"], ["none", "hidden"]], "bars", (value) => { state.intervals = value; drawTable(); }));
  form.append(box("sort within blocks", true, (on) => { state.together = on; drawTable(); }));
  form.append(element("button", { type: "button", class: "plain", onclick: () => download(`${data.board}.csv`, csvText(shownRows(), shownColumns())) }, "Save as CSV"));
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
}

function chooseSplit(split) {
  state.split = split;
  for (const part of document.querySelectorAll("[data-split]")) part.hidden = split !== "" && part.dataset.split !== split;
  drawTable();
}
