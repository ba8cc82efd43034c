// The parts of a row's page, in the order in which a reader asks: what is it, how did it fare, how is it made again.
function rowParts(row) {
  const detail = row.detail, about = detail.about;
  return [
    part("What it is", paper(about.paper), about.text ? element("pre", { class: "text" }, about.text) : element("p", { class: "hint" }, "Its file is not part of this version."), about.file ? element("p", { class: "hint" }, about.file) : null),
    detail.reasons.length || row.marks.length ? part("Take care", element("ul", {}, ...[...detail.reasons, ...row.marks].map((text) => element("li", { class: "warn" }, text)))) : null,
    part("Every number", metricTable(row)),
    data.checked ? part("Claimed or reproduced", ...standingParts(row)) : null,
    undefinedPart(detail),
    detail.pairs.length ? part("Against every other method", pairPicture(row)) : null,
    detail.authors.length ? part("Author by author", authorPicture(row)) : null,
    coursePart(row),
    detail.losses.some((run) => run.length > 1) ? part("Training loss", lossPicture(row)) : null,
    part("Make it again", element("pre", {}, detail.command), element("p", { class: "hint" }, row.role === "method" ? "with these settings saved as row.toml:" : "with these settings:"), element("pre", { tabindex: 0 }, detail.toml)),
    part("Where it comes from", sources(row)),
  ].filter(Boolean);
}

function part(title, ...children) {
  return element("section", {}, element("h3", {}, title), ...children);
}

function paper(name) {
  if (!name) return null;
  const known = /^arXiv:(\d{4}\.\d{4,5})(v\d+)?$/.exec(name);
  return element("p", {}, "Paper: ", known ? element("a", { href: `https://arxiv.org/abs/${known[1]}`, rel: "noreferrer" }, name) : name);
}

function metricTable(row) {
  const rows = data.columns.filter((column) => row.cells[column.name] && row.cells[column.name][1] !== null).map((column) => {
    const cell = row.cells[column.name];
    const name = element("th", { scope: "row", title: column.text }, `${column.heading} ${column.arrow}`);
    return element("tr", {}, name, element("td", { class: "number" }, cell[0]), element("td", { class: "number" }, limitsText(cell)), element("td", { class: "hint" }, cell[4] === null ? "" : data.covers[cell[4]].replace(/^none: /, "no interval: ")));
  });
  const heads = ["Metric", "Value", "95 % interval", "over"].map((text, i) => element("th", { scope: "col", class: i && i < 3 ? "number" : null }, text));
  return element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Every number" }, element("table", {}, element("thead", {}, element("tr", {}, ...heads)), element("tbody", {}, ...rows)));
}

function standingParts(row) {
  const reasons = new Map();
  for (const [name, why] of Object.entries(row.claimed)) reasons.set(why, [...(reasons.get(why) || []), name]);
  const items = [...reasons].map(([why, names]) => element("li", {}, `claimed, since ${data.covers[why]}: `, element("span", { class: "hint" }, names.join(", "))));
  const counted = `${row.reproduced} of ${row.reproduced + Object.keys(row.claimed).length} numbers are given again by the scores that are published with the row.`;
  return [element("p", {}, counted), items.length ? element("ul", { class: "notes" }, ...items) : null];
}

function undefinedPart(detail) {
  const reasons = Object.entries(detail.undefined);
  if (!reasons.length) return null;
  const items = reasons.map(([number, names]) => element("li", {}, `${data.machines[number]}: `, element("span", { class: "hint" }, names.join(", "))));
  return part("Undefined", element("ul", { class: "notes" }, ...items));
}

function pairPicture(row) {
  const ids = new Map(data.rows.filter((other) => other.split === row.split).map((other) => [other.method, other.id]));
  const kinds = { nearer: "nearer", farther: "farther", tied: "control" };
  const words = { nearer: "nearer than it", farther: "farther than it", tied: "cannot be told apart" };
  const rows = row.detail.pairs.map((pair) => ({
    label: pair.other, href: `#${ids.get(pair.other)}`, low: pair.low, high: pair.high, dots: [{ value: pair.difference }], kind: kinds[pair.verdict], text: words[pair.verdict],
  }));
  const note = element("p", { class: "hint" }, "This row's error less the other's, in distances between retrained models; left of 0 this row is nearer to the retrained models. Intervals are of one pair (Student's t over authors); the words are of a sign-flip test of all pairs at once.");
  return element("div", {}, note, strips(rows, { scale: "linear", rule: 0, label: "difference in error", name: "Against every other method" }));
}

function authorPicture(row) {
  const rows = row.detail.authors.map((author) => ({
    label: `author ${author.author}`, low: author.low, high: author.high, kind: "retrained", text: digits(author.value),
    dots: [{ value: author.finetuned, open: true, title: "fine-tuned" }, { value: author.value, title: row.method }],
  }));
  const note = element("p", { class: "hint" }, "Mean log truth ratio of an author's forget rows. Line: range of the retrained models; filled: this row; open: the fine-tuned model.");
  return element("div", {}, note, strips(rows, { scale: "linear", label: "log truth ratio (nats)", name: "Author by author" }));
}

function lossPicture(row) {
  const lines = row.detail.losses.map((run) => ({ kind: "method", points: run.map((loss, step) => [step / Math.max(run.length - 1, 1), loss]).filter((point) => point[1] !== null) }));
  return courses(lines.filter((line) => line.points.length > 1), { x: "share of training", y: "loss", scale: "linear", name: "Training loss" });
}

function sources(row) {
  const detail = row.detail, list = element("dl", {});
  const add = (term, text) => { if (text) list.append(element("dt", {}, term), element("dd", {}, text)); };
  add("Commit", detail.commits.join(", "));
  add("Records", detail.keys.join(", "));
  add("Seeds", detail.seed_numbers.join(", "));
  add("Made", detail.created.join(", "));
  add("Seconds", detail.seconds.map((run) => Object.entries(run).map(([name, value]) => `${name} ${digits(value)}`).join(", ")).filter(Boolean).join("; "));
  add("Memory", detail.memory.map((run) => Object.entries(run).filter(([, value]) => value !== null).map(([name, value]) => `${name} ${Math.round(value)} MiB`).join(", ")).filter(Boolean).join("; "));
  for (const number of detail.machines) {
    for (const [name, table] of Object.entries(data.machines[number])) {
      add(name[0].toUpperCase() + name.slice(1), Object.entries(table).map(([key, value]) => `${key} ${value}`).join(", "));
    }
  }
  return list;
}
