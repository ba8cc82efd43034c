// What runs were like on the way (scoring.every in a preset): a metric over epochs, one curve a method; nothing is chosen by it.
const onTheWay = { method: "" };

function drawCourse() {
  const known = data.course;
  if (!known || !known.curves.length) return;
  const body = byId("course-body"), result = element("div", {});
  const again = () => result.replaceChildren(...coursePanels());
  body.append(element("p", { class: "hint" }, "What the runs' models read on the way, means over seeds. The board has the last epoch; an earlier one that looks better cannot be chosen without the retrained models, and is not."));
  const names = [...new Set(known.curves.map((curve) => curve.method))];
  body.append(element("div", { class: "choice" }, picker("Bring forward", [["", "all"], ...names.map((name) => [name, name])], "", (name) => { onTheWay.method = name; again(); })), result);
  byId("course-section").hidden = false;
  again();
}

function coursePanels() {
  const known = data.course;
  return data.splits.filter((split) => known.curves.some((curve) => curve.split === split)).map((split) => {
    const part = element("div", { "data-split": split }, data.splits.length > 1 ? element("h3", {}, split) : "");
    part.hidden = state.split !== "" && state.split !== split;
    const curves = known.curves.filter((curve) => curve.split === split);
    const forward = (curve) => !onTheWay.method || curve.method === onTheWay.method;
    for (const column of known.columns) {
      const own = curves.filter((curve) => curve.points[column.name]).sort((a, b) => forward(a) - forward(b));
      const lines = own.map((curve) => ({ name: curve.method, href: `#${curve.id}`, points: curve.points[column.name], kind: forward(curve) ? "method" : "behind" }));
      if (lines.length) part.append(courses(lines, courseOptions(column, split, column.heading)));
    }
    return part;
  });
}

function courseOptions(column, split, name) {
  const rules = (data.course.levels[split] || []).map((model) => ({ name: model.name, kind: model.name, value: model.values[column.name] }));
  return { x: "epoch of unlearning", y: column.heading, scale: "linear", name: `${name} over epochs, ${split}`, labels: true, rules };
}

// A row's own curves, for its page.
function coursePart(row) {
  const curve = data.course ? data.course.curves.find((other) => other.id === row.id) : null;
  if (!curve) return null;
  const panels = data.course.columns.filter((column) => curve.points[column.name]).map((column) =>
    courses([{ name: row.method, points: curve.points[column.name], kind: "method" }], courseOptions(column, row.split, column.heading)));
  return part("The course of unlearning", ...panels);
}
