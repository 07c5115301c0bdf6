// While a fault is reported: what is open at the asset already, and may be the same.

const form = document.querySelector("form");
const offered = document.getElementById("similar");
let waiting = 0;

form.elements.title.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(look, 400);
});

async function look() {
  const text = form.elements.title.value.trim();
  if (text.length < 4) return show([]);
  const query = new URLSearchParams({ text });
  if (form.elements.asset) query.set("asset", form.elements.asset.value);
  const response = await fetch(`/api/v1/requests/similar?${query}`).catch(() => null);
  if (response?.ok) show((await response.json()).items);
}

function show(items) {
  offered.replaceChildren();
  if (!items.length) return;
  const notice = document.createElement("div");
  notice.className = "notice";
  notice.append("This may be known already: ");
  const list = document.createElement("ul");
  for (const item of items) {
    const row = document.createElement("li");
    const link = document.createElement("a");
    link.href = `/${item.number.startsWith("WO-") ? "work-orders" : "requests"}/${item.number}`;
    link.textContent = `${item.number} ${item.title}`;
    row.append(link, ` (${item.why})`);
    list.append(row);
  }
  notice.append(list, "If it is the same, your report still helps: a planner joins the two.");
  offered.append(notice);
}
