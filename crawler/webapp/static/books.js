// The list of books: sorted and filtered here, and only the rows in view are in the document, so that 6,000 books scroll
// like 60. The list scrolls by itself: what stands below it on the page stays within reach. Every text is set as text.

import { api } from "./api.js";
import { fill } from "./format.js";

const SPARE = 12; // rows above and below the window, so that a quick scroll or the Tab key finds them there

export class BookTable {
  constructor(root) {
    this.root = root;
    this.form = root.querySelector("form");
    this.window = root.querySelector(".window");
    this.table = root.querySelector("table");
    this.body = root.querySelector("tbody");
    this.heads = [...root.querySelectorAll("th")];
    this.empty = root.querySelector(".empty");
    this.search = root.dataset.search;
    this.rows = [];
    this.shown = [];
    this.drawn = new Map(); // row -> its element
    this.key = "rank";
    this.down = false;
    this.height = 0;
    this.fold = (text) => text;
    const lang = document.documentElement.lang;
    this.words = new Intl.Collator(lang.startsWith("zh") ? lang : "zh-Hans", { numeric: true });
    this.top = spacer();
    this.bottom = spacer();
    this.body.append(this.top, this.bottom);
    this.connect();
  }

  // Fetch the rows and show them; sorting, filter and place stay as they are.
  async load() {
    const books = await api("GET", `/api/v1/searches/${this.search}/books`);
    this.form.dataset.fold = books.fold;
    this.fold = folder(this.form);
    this.rows = books.rows.map((values) => {
      const row = Object.fromEntries(books.columns.map((name, at) => [name, values[at]]));
      for (const name of ["price", "list_price", "volume_price"]) row[name] = row[name] === null ? null : Number(row[name]);
      row.text = this.fold(`${row.title} ${row.authors} ${row.publisher} ${row.note}`);
      return row;
    });
    for (const box of this.form.querySelectorAll("[data-kind]")) {
      box.parentElement.hidden = !this.rows.some((row) => row.kinds.includes(box.dataset.kind));
    }
    this.form.querySelector("fieldset").hidden = !this.form.querySelector("fieldset label:not([hidden])");
    this.update();
    return books.final;
  }

  connect() {
    const { form, heads } = this, fields = form.elements;
    for (const head of heads) {
      const option = document.createElement("option"), button = head.querySelector("button");
      option.value = head.dataset.key;
      option.textContent = button.getAttribute("aria-label") ?? button.textContent;
      fields.sort.append(option);
      button.addEventListener("click", () => this.sort(head.dataset.key, head.dataset.key === this.key ? !this.down : first(head)));
    }
    fields.sort.addEventListener("change", () => this.sort(fields.sort.value, first(this.head(fields.sort.value))));
    fields.reverse.addEventListener("click", () => this.sort(this.key, !this.down));
    form.addEventListener("input", (event) => event.target !== fields.sort && this.update());
    form.addEventListener("reset", () => setTimeout(() => this.update())); // the fields are emptied after this event
    form.addEventListener("submit", (event) => event.preventDefault());
    this.window.addEventListener("scroll", () => this.draw(), { passive: true });
    this.body.addEventListener("focusin", () => this.draw()); // the Tab key may be faster than the events of scrolling
    new ResizeObserver(() => { this.height = 0; this.draw(); }).observe(this.window);
    this.mark();
  }

  head(key) {
    return this.heads.find((head) => head.dataset.key === key);
  }

  sort(key, down) {
    [this.key, this.down] = [key, down];
    this.window.scrollTop = 0;
    this.mark();
    this.update();
  }

  mark() {
    for (const head of this.heads) {
      if (head.dataset.key === this.key) head.setAttribute("aria-sort", this.down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    }
    this.form.elements.sort.value = this.key;
  }

  // Filter and sort; what is unknown comes last in either direction, and the rank decides among equals.
  update() {
    const fields = this.form.elements, { key } = this;
    const wanted = this.fold(fields.text.value).split(" ").filter(Boolean);
    const most = fields.price.value === "" ? Infinity : Number(fields.price.value);
    const unwanted = [...this.form.querySelectorAll("[data-kind]:not(:checked)")].map((box) => box.dataset.kind);
    this.shown = this.rows.filter((row) => (row.frontier || !fields.frontier.checked)
      && (most === Infinity || (row.price !== null && row.price <= most))
      && !unwanted.some((kind) => row.kinds.includes(kind)) && wanted.every((word) => row.text.includes(word)));
    const text = this.head(key).dataset.kind === "t", sign = this.down ? -1 : 1;
    const compare = text || key === "published" ? this.words.compare : (a, b) => a - b;
    const missing = (value) => value === null || value === "";
    this.shown.sort(({ [key]: a, rank: i }, { [key]: b, rank: j }) =>
      missing(a) || missing(b) ? missing(a) - missing(b) || i - j : sign * compare(a, b) || i - j);
    fields.shown.value = fill(fields.shown.dataset.words, { n: this.shown.length.toLocaleString("en"), all: this.rows.length.toLocaleString("en") });
    this.table.setAttribute("aria-rowcount", String(this.shown.length + 1));
    this.window.hidden = this.shown.length === 0;
    this.empty.hidden = this.shown.length > 0 || this.rows.length === 0;
    for (const element of this.drawn.values()) element.remove();
    this.drawn.clear();
    this.draw();
  }

  // Put the rows near the window into the document. A row with the focus stays, so that the keyboard does not lose it,
  // and has neighbours while it is near the window.
  draw() {
    if (!this.height) this.height = this.measure();
    const { height, shown } = this, { scrollTop, clientHeight } = this.window;
    let from = Math.max(0, Math.min(shown.length, Math.floor(scrollTop / height) - SPARE));
    let to = Math.max(from, Math.min(shown.length, Math.ceil((scrollTop + clientHeight) / height) + SPARE));
    const focused = this.body.contains(document.activeElement) ? document.activeElement.closest("tr") : null;
    const place = focused ? Number(focused.getAttribute("aria-rowindex")) - 2 : -1;
    if (place >= 0 && place > from - 2 * SPARE && place < to + 2 * SPARE) {
      from = Math.max(0, Math.min(from, place - SPARE));
      to = Math.max(to, Math.min(shown.length, place + SPARE + 1));
    }
    const wanted = new Set(shown.slice(from, to));
    for (const [row, element] of this.drawn) {
      if (!wanted.has(row) && element !== focused) { element.remove(); this.drawn.delete(row); }
    }
    let after = this.top;
    for (let at = from; at < to; at += 1) {
      let element = this.drawn.get(shown[at]);
      if (!element) {
        element = this.element(shown[at]);
        this.drawn.set(shown[at], element);
      }
      element.setAttribute("aria-rowindex", String(at + 2));
      if (after.nextSibling !== element) after.after(element);
      after = element;
    }
    const kept = focused && !wanted.has([...this.drawn].find(([, element]) => element === focused)?.[0]) ? 1 : 0;
    this.top.style.height = `${Math.max(0, from) * height}px`;
    this.bottom.style.height = `${Math.max(0, shown.length - to - kept) * height}px`;
  }

  measure() {
    if (!this.shown.length) return 1;
    const probe = this.element(this.shown[0]);
    this.top.after(probe);
    const { height } = probe.getBoundingClientRect();
    probe.remove();
    return height || 1;
  }

  element(row) {
    const line = document.createElement("tr");
    for (const head of this.heads) line.append(this.cell(head.dataset.key, row));
    return line;
  }

  cell(key, row) {
    const cell = document.createElement("td");
    cell.className = `c-${key}`;
    switch (key) {
      case "title": {
        const link = document.createElement("a"), more = document.createElement("small");
        link.href = `/searches/${this.search}/books/${encodeURIComponent(row.product_id)}`;
        link.textContent = link.title = row.title;
        link.lang = "zh-Hans";
        if (row.trick) {
          const badge = document.createElement("b");
          badge.className = "badge";
          badge.textContent = row.trick;
          more.append(badge, " ");
        }
        more.append([row.note, row.past].filter(Boolean).join(" · "));
        more.title = more.textContent;
        cell.append(link, more);
        break;
      }
      case "frontier": cell.textContent = row.frontier ? "★" : ""; break;
      case "price": cell.textContent = row.price_words; break;
      case "list_price": cell.textContent = row.list_words; break;
      case "volume_price": cell.textContent = row.volume_words; break;
      case "off": cell.textContent = row.off ? row.off_words : ""; break;
      case "rating": cell.textContent = stars(row); break;
      case "quality": cell.textContent = row.quality === null ? "" : (Math.floor(row.quality * 1000) / 1000).toFixed(3); break;
      case "value": cell.textContent = row.value === null ? "" : row.value.toFixed(2); break;
      case "authors": case "publisher":
        cell.lang = "zh-Hans";
        cell.textContent = cell.title = row[key];
        break;
      default: cell.textContent = row[key];
    }
    if (key === "quality" || key === "value") cell.dataset.label = this.body.dataset[key];
    return cell;
  }
}

// The direction that is wanted first.
const first = (head) => head.dataset.kind === "h";

function stars(row) {
  if (row.rating === null && row.reviews === null) return "";
  const reviews = row.reviews === null ? "" : ` (${row.reviews.toLocaleString("en")})`;
  return `${row.rating === null ? "–" : row.rating.toFixed(1)}${reviews}`;
}

function spacer() {
  const line = document.createElement("tr"), cell = document.createElement("td");
  line.className = "spacer";
  line.setAttribute("aria-hidden", "true");
  line.append(cell);
  line.style.height = "0";
  return line;
}
