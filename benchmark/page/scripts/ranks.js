// The places that tests leave open, and how often a row is the nearest when authors and seeds are drawn again.
function drawRanks() {
  const ranked = data.rows.filter((row) => row.places);
  if (!ranked.length) return;
  const body = byId("ranks-body");
  body.append(element("p", { class: "hint" }, "A line spans the places that paired tests over authors leave open to a row; P(best) is its probability of being the nearest, P(first) the same where what rows keep of utility is drawn too, P(front) of being on the Pareto front."));
  for (const split of data.splits) {
    const rows = ranked.filter((row) => row.split === split);
    if (!rows.length) continue;
    const made = rows.map((row) => ({
      label: row.method, href: `#${row.id}`, low: row.places[0], high: row.places[1], kind: "method",
      dots: row.places[0] === row.places[1] ? [{ value: row.places[0] }] : [],
      text: [row.rank, row.p_best === null ? "" : `P(best) ${percent(row.p_best)}`, row.p_first === null ? "" : `P(first) ${percent(row.p_first)}`, row.p_front === null ? "" : `P(front) ${percent(row.p_front)}`].filter(Boolean).join(" · "),
    }));
    const part = element("div", { "data-split": split }, data.splits.length > 1 ? element("h3", {}, split) : "");
    const reason = rows[0].rank_reason;
    if (reason) part.append(element("p", {}, `Nothing could be tested: ${reason}. Every place is open to every row.`));
    part.append(strips(made, { scale: "linear", band: null, label: "place, 1 is the nearest", room: 270, name: `Open places, ${split}` }));
    body.append(part);
  }
  byId("ranks-section").hidden = false;
}

function percent(share) {
  return `${(100 * share).toFixed(share < 0.095 && share > 0 ? 1 : 0)} %`;
}
