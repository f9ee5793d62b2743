// The page of a search's products works without this; with it they can be filtered, ordered, and turned over by fifties.
(() => {
  const form = document.querySelector(".tools");
  if (!form) return;
  form.hidden = false;
  const size = 50, fold = folder(form), fields = form.elements, list = document.querySelector(".products");
  const pager = document.querySelector(".pager"), [before, after] = pager.querySelectorAll("button"), where = pager.querySelector("output");
  const words = new Intl.Collator(document.documentElement.lang.startsWith("zh") ? document.documentElement.lang : "zh-Hans", { numeric: true });
  const cards = [...list.children].map((card, deal) => {
    const [price, change] = card.dataset.n.split(",").map((number) => (number === "" ? null : Number(number)));
    const title = card.querySelector("h3").textContent.trim(), seller = card.querySelector(".seller")?.textContent ?? "";
    return { card, deal, price, change, title, text: fold(`${title} ${seller} ${card.dataset.id}`) };
  });
  let found = cards, at = 0;

  function compare(one, other) {
    const key = fields.sort.value, [a, b] = [one[key], other[key]];
    // What is unknown comes last; among equals the better deal comes first.
    const order = a === null || b === null ? (a === null) - (b === null) : key === "title" ? words.compare(a, b) : a - b;
    return order || one.deal - other.deal;
  }
  function show() {
    const wanted = fold(fields.text.value).split(" ").filter(Boolean);
    found = cards.filter(({ text }) => wanted.every((word) => text.includes(word))).sort(compare);
    for (const { card } of cards) card.hidden = true;
    for (const { card } of found) card.hidden = false;
    list.append(...found.map(({ card }) => card));
    fields.shown.value = fields.shown.dataset.words.replace("{n}", found.length.toLocaleString("en")).replace("{all}", cards.length.toLocaleString("en"));
    turn(0);
  }
  function turn(to) {
    const last = Math.max(Math.ceil(found.length / size) - 1, 0);
    at = Math.min(Math.max(to, 0), last);
    // Not hidden, but on another page: a print has all of them.
    found.forEach(({ card }, place) => card.classList.toggle("elsewhere", Math.floor(place / size) !== at));
    pager.hidden = last === 0;
    before.disabled = at === 0;
    after.disabled = at === last;
    where.value = where.dataset.words.replace("{n}", at + 1).replace("{all}", last + 1);
  }
  function go(step) {
    turn(at + step);
    document.getElementById("products").scrollIntoView();
  }
  before.addEventListener("click", () => go(-1));
  after.addEventListener("click", () => go(1));
  form.addEventListener("input", show);
  form.addEventListener("reset", () => setTimeout(show)); // the fields are emptied after this event
  form.addEventListener("submit", (event) => event.preventDefault());
  show(); // a reload keeps what stood in the fields
})();
