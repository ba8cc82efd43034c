// One question: gold answer, what three models say, and how probable each token of the gold answer is to them.
function answerCard(part, row, i) {
  const list = element("dl", {});
  const add = (term, ...texts) => list.append(element("dt", {}, term), element("dd", {}, ...texts));
  add("Gold answer", part.gold[i]);
  const beside = Object.values(part.beside).map((number) => part.rows[number]).filter((other) => other !== row);
  for (const model of [row, ...beside]) {
    add(model.method, element("span", { class: model === row ? "own" : null }, said(model, i)), tokens(model.tokens[i] || []));
  }
  const numbers = [`leak ${digits(row.leak[i])}`, `probability ${digits(row.p[i])}`, `ROUGE-L ${digits(row.rouge[i])}`, `log truth ratio ${digits(row.ratio[i])}`, `extraction strength ${digits(row.strength[i])}`];
  return element("article", { class: "answer" }, element("h2", {}, part.questions[i]), list, element("p", { class: "numbers" }, numbers.join(" · ")));
}

function said(row, i) {
  const text = row.text[i];
  return text === undefined ? "(left out of this file)" : text === "" ? "(nothing)" : text;
}

function tokens(tenths) {
  const shares = tenths.map((tenth) => (tenth === null ? 0 : Math.exp(-tenth / 10)));
  const words = `${tenths.length} tokens of the gold answer, with probabilities ${shares.map((share) => share.toFixed(2)).join(", ")}`;
  const line = element("div", { class: "tokens", role: "img", "aria-label": words });
  tenths.forEach((tenth, k) => {
    const share = shares[k];
    const title = `token ${k + 1}: ${tenth === null ? "impossible" : `log p ${digits(-tenth / 10)}, p ${digits(share)}`}`;
    line.append(shape("svg", { width: 13, height: 15 }, shape("title", {}, title), shape("rect", { x: 0.5, y: 0.5, width: 12, height: 14, "fill-opacity": share })));
  });
  return line;
}

drawForm();
drawAnswers();
byId("more").addEventListener("click", () => { view.count += STEP; drawAnswers(); });
byId("left-out").append(...data.left_out.map((text) => element("li", {}, text)));
