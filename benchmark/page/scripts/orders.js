// The places of the methods on both boards: open is a, filled is b.
function drawOrders() {
  if (!data.orders.length) return;
  const body = byId("orders-body");
  body.append(element("p", { class: "hint" }, "Open: the place on a; filled: on b. Behind it, in brackets, the places that each board's tests over authors leave open; in colour and called apart where they have none in common."));
  for (const order of data.orders) {
    const ids = new Map(data.rows.filter((row) => row.split === order.split).map((row) => [row.method, row.id]));
    const rows = order.rows.map((row) => ({
      label: row.method, href: `#${ids.get(row.method)}`, low: Math.min(row.a, row.b), high: Math.max(row.a, row.b), text: row.text,
      dots: [{ value: row.a, open: true, title: "a" }, { value: row.b, title: "b" }], kind: row.apart ? "telling" : "control",
    }));
    const name = `Places by ${order.by}, ${order.split}`;
    const part = element("div", { "data-split": order.split }, data.splits.length > 1 ? element("h3", {}, order.split) : "");
    part.append(strips(rows, { scale: "linear", label: "place, 1 is the best", room: 230, name }));
    body.append(part);
  }
  byId("orders-section").hidden = false;
}
