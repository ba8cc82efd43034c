// Which row's answers are shown, and how many of them.
const STEP = 20;
const view = { split: Object.keys(data.splits)[0], row: 0, text: "", count: STEP };

function firstMethod(split) {
  const rows = data.splits[split].rows, at = rows.findIndex((row) => row.role === "method");
  return Math.max(at, 0);
}

function chosenAnswers() {
  const part = data.splits[view.split], row = part.rows[view.row], words = view.text.toLowerCase();
  const has = (i) => `${part.questions[i]}\n${part.gold[i]}\n${row.text[i] || ""}`.toLowerCase().includes(words);
  return { part, row, order: words ? row.order.filter(has) : row.order };
}

function drawAnswers() {
  const { part, row, order } = chosenAnswers();
  byId("answers").replaceChildren(...order.slice(0, view.count).map((i) => answerCard(part, row, i)));
  byId("more").hidden = order.length <= view.count;
  const less = part.all - row.order.length;
  byId("shown").textContent = `${Math.min(order.length, view.count)} of ${order.length} answers of ${row.method}, seed ${row.seed}` + (less ? `; ${less} that leaked least are left out of this file` : "") + ".";
}

function drawForm() {
  const form = byId("controls"), rows = element("span", {});
  const pickRow = () => {
    view.row = firstMethod(view.split);
    const options = data.splits[view.split].rows.map((row, i) => [String(i), row.method]);
    rows.replaceChildren(picker("Row", options, String(view.row), (i) => { view.row = Number(i); view.count = STEP; drawAnswers(); }));
  };
  const splits = Object.keys(data.splits);
  if (splits.length > 1) form.append(picker("Split", splits.map((split) => [split, split]), view.split, (split) => { view.split = split; pickRow(); drawAnswers(); }));
  const search = element("input", { type: "search", placeholder: "words of question or answer", oninput: () => { view.text = search.value; view.count = STEP; drawAnswers(); } });
  form.append(rows, element("label", {}, "Filter", search));
  form.addEventListener("submit", (event) => event.preventDefault());
  pickRow();
  form.hidden = false;
}
