// The HTML report works without this; with it the list can be sorted and filtered. Nothing is fetched, stored or sent,
// and no text becomes markup.
(() => {
  const $ = (selector, within = document) => within.querySelector(selector);
  const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
  for (const element of $$(".scripted")) element.hidden = false;

  list();
  chart($(".scatter"), $("#tip"));

  function list() {
    const table = $(".books"), form = $(".tools");
    if (!table) return;
    const fold = folder(form), body = $("tbody", table), heads = $$("th", table), fields = form.elements;
    const words = new Intl.Collator(document.documentElement.lang.startsWith("zh") ? document.documentElement.lang : "zh-Hans", { numeric: true });

    // The numbers of a row stand in one attribute: price, list price, off, date, rating, quality, value, price a volume.
    const place = { 2: 0, 3: 1, 4: 2, 8: 3, 9: 4, 10: 5, 11: 6, 12: 7 };
    const rows = $$("tr", body).map((row, rank) => {
      const numbers = row.dataset.n.split(",").map((number) => (number === "" ? null : Number(number)));
      const [star, title, author, publisher] = [1, 5, 6, 7].map((at) => row.cells[at].textContent.trim());
      // A title is sorted by its own words, found by its note and offers, too.
      const name = (row.cells[5].firstElementChild?.matches("a") ? row.cells[5].firstElementChild : row.cells[5].firstChild).textContent.trim();
      const keys = heads.map((_, at) => (at in place ? numbers[place[at]] : null));
      [keys[0], keys[1], keys[5], keys[6], keys[7]] = [rank, star ? 1 : 0, name || null, author || null, publisher || null];
      return { row, keys, star: Boolean(star), kinds: row.dataset.k ?? "", price: numbers[0], text: fold(`${title} ${author} ${publisher}`) };
    });

    let order = rows.slice(), column = 0, down = false;

    function sort(at, direction) {
      [column, down] = [at, direction];
      const compare = heads[at].dataset.kind === "t" ? words.compare : (a, b) => a - b;
      const sign = down ? -1 : 1;
      // Array.sort is stable, so what was sorted before decides among equals; what is unknown is last either way.
      order.sort(({ keys: { [at]: a } }, { keys: { [at]: b } }) =>
        a === null || b === null ? (a === null) - (b === null) : sign * compare(a, b));
      body.append(...order.map(({ row }) => row));
      heads.forEach((head, other) => {
        if (other === at) head.setAttribute("aria-sort", down ? "descending" : "ascending");
        else head.removeAttribute("aria-sort");
      });
      fields.sort.value = at;
    }
    const first = (at) => heads[at].dataset.kind === "h"; // the direction that is wanted first

    heads.forEach((head, at) => {
      const button = document.createElement("button"), option = document.createElement("option");
      button.type = "button";
      option.value = at;
      option.textContent = head.dataset.name ? `${head.textContent} ${head.dataset.name}` : head.textContent;
      if (head.dataset.name) button.setAttribute("aria-label", option.textContent);
      button.append(...head.childNodes);
      head.append(button);
      fields.sort.append(option);
      button.addEventListener("click", () => sort(at, at === column ? !down : first(at)));
    });
    heads[0].setAttribute("aria-sort", "ascending");
    fields.sort.addEventListener("change", () => sort(Number(fields.sort.value), first(fields.sort.value)));
    fields.reverse.addEventListener("click", () => sort(column, !down));

    function filter() {
      const wanted = fold(fields.text.value).split(" ").filter(Boolean);
      const most = fields.price.value === "" ? Infinity : Number(fields.price.value);
      let shown = 0;
      const unwanted = $$("[data-kind]:not(:checked)", form).map((box) => box.dataset.kind);
      for (const { row, star, kinds, price, text } of rows) {
        const fits = (star || !fields.frontier.checked) && (most === Infinity || (price !== null && price <= most))
          && !unwanted.some((kind) => kinds.includes(kind)) && wanted.every((word) => text.includes(word));
        row.hidden = !fits;
        shown += fits;
      }
      fields.shown.value = fields.shown.dataset.words.replace("{n}", shown.toLocaleString("en")).replace("{all}", rows.length.toLocaleString("en"));
    }
    form.addEventListener("input", (event) => event.target !== fields.sort && filter());
    form.addEventListener("reset", () => setTimeout(filter)); // the fields are emptied after this event
    form.addEventListener("submit", (event) => event.preventDefault());
    filter(); // a reload keeps what stood in the fields

    // A link to a row that is filtered away brings it back.
    addEventListener("click", (event) => {
      const link = event.target.closest?.("a[href^='#b']");
      const row = link && document.getElementById(link.getAttribute("href").slice(1));
      if (row?.hidden) { form.reset(); filter(); }
    });
  }
})();
