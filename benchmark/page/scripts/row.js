// A row's own page: a dialog that the address names, so that it can be linked to.
const rowOf = new Map(data.rows.map((row) => [row.id, row]));
let opener = null;

function openFromAddress() {
  const row = rowOf.get(decodeURIComponent(location.hash.slice(1)));
  const dialog = byId("row");
  if (!row) {
    if (dialog.open) dialog.close();
    return;
  }
  if (!dialog.open) opener = document.activeElement;
  const close = element("button", { type: "button", class: "plain", onclick: () => dialog.close() }, "Close");
  const place = row.about || `${row.block} · ${row.split} · ${row.seeds} · ${row.status}`;
  const title = element("div", {}, element("h2", { id: "row-title" }, row.method), element("p", { class: "facts" }, place));
  dialog.replaceChildren(element("header", {}, title, close), element("div", { class: "body" }, ...rowParts(row)));
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
}

function closed() {
  history.replaceState(null, "", location.pathname + location.search);
  if (opener && opener.isConnected && opener !== document.body) opener.focus({ preventScroll: true });
}

function watchRows() {
  const dialog = byId("row");
  dialog.addEventListener("close", closed);
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); }); // beside it
  window.addEventListener("hashchange", openFromAddress);
  openFromAddress();
}
