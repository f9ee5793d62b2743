// The page of a search. While it runs, its events arrive as a stream; when it ends, the result takes its place.

import { api } from "./api.js";
import { BookTable } from "./books.js";
import { fill } from "./format.js";

const REFRESH = 1200; // milliseconds between two fetches of the books so far

function start() {
  const live = document.querySelector("#live"), books = document.querySelector("#books");
  const table = books && new BookTable(books);
  if (live) follow(live, table);
  else {
    table?.load();
    drawChart();
  }
}

const drawChart = () => chart(document.querySelector(".scatter"), document.querySelector("#tip"));

function follow(live, table) {
  const find = (selector) => live.querySelector(selector);
  const words = JSON.parse(live.dataset.words), id = live.dataset.search, url = `/api/v1/searches/${id}`;
  const bar = find("progress"), connection = find("#connection"), pages = new Map(), troubles = new Map();
  let total = Number(live.dataset.pages), timer = null, again = false, loading = false, spoken = 0;

  const stream = new EventSource(`${url}/events?lang=${document.documentElement.lang}`);
  stream.addEventListener("open", () => { connection.hidden = true; });
  stream.addEventListener("message", (message) => receive(JSON.parse(message.data)));
  stream.addEventListener("error", async () => {
    if (stream.readyState === EventSource.CONNECTING) { warn(words.connection_lost); return; }
    // Refused for good: the search has ended meanwhile, or the server no longer has it.
    try {
      if ((await api("GET", url)).state !== "running") await show(table);
    } catch (trouble) {
      warn(trouble.message);
    }
  });

  find("#cancel").addEventListener("click", async (event) => {
    event.target.disabled = true;
    try {
      await api("DELETE", url);
    } catch (trouble) {
      event.target.disabled = false;
      warn(trouble.message);
    }
  });

  for (let number = 1; number <= total; number += 1) square(number);

  function receive(event) {
    switch (event.type) {
      case "started": total = event.pages; break;
      case "pages":
        total = Math.min(total, event.available || total);
        for (const [number, element] of pages) if (number > total) { element.remove(); pages.delete(number); }
        break;
      case "attempt": if (event.retry_in !== null) tell(event, event.words, true); break;
      case "rejected": tell(event, event.words, true); break;
      case "page": done(event); break;
      case "note": note("note", event.words); break;
      case "finished": finish(); return;
    }
    counts();
  }

  function done(event) {
    find("#f-books").textContent = event.books.toLocaleString("en");
    if (event.cheapest !== null) find("#f-cheapest").textContent = event.cheapest_words;
    const failed = event.failed && event.verdict !== "not_asked";
    if (!event.price_order && pages.has(event.page)) {
      const square = pages.get(event.page);
      square.className = event.failed ? "failed" : "done";
      square.setAttribute("aria-label", fill(event.failed ? words.page_failed : words.page_done, { page: event.page, n: event.listings, words: event.words }));
    }
    if (failed) tell(event, event.words, false);
    else note(key(event), null);
    refresh();
  }

  const key = (event) => `${event.price_order ? "p" : ""}${event.page}`;

  function tell(event, text, retrying) {
    if (!event.price_order && retrying && pages.has(event.page)) pages.get(event.page).className = "trying";
    const words_ = fill(retrying ? words.page_again : words.page_failed, { page: event.page, words: text });
    note(key(event), event.price_order ? fill(words.of_price_order, { words: words_ }) : words_);
  }

  // One line for each page in trouble; null removes it.
  function note(name, text) {
    troubles.get(name)?.remove();
    troubles.delete(name);
    if (text === null) return;
    const line = document.createElement("li");
    line.textContent = text;
    troubles.set(name, line);
    find("#troubles").append(line);
  }

  function square(number) {
    const element = document.createElement("li");
    element.textContent = String(number);
    element.className = "waiting";
    element.setAttribute("aria-label", fill(words.page_waiting, { page: number }));
    pages.set(number, element);
    find("#pages").append(element);
  }

  function counts() {
    const read = [...pages.values()].filter((each) => each.className === "done" || each.className === "failed").length;
    bar.max = total;
    bar.value = read;
    find("#f-pages").textContent = `${read} / ${total}`;
    if (Date.now() - spoken < 5000) return; // a screen reader must have time to finish the sentence
    spoken = Date.now();
    find("#status").textContent = fill(words.status_words, { done: read, all: total, books: find("#f-books").textContent });
  }

  // Fetch the books so far, not more often than the server ranks them.
  function refresh() {
    if (timer !== null || loading) { again = true; return; }
    timer = setTimeout(async () => {
      [timer, again, loading] = [null, false, true];
      try { await table.load(); } catch { /* the next event tries again */ }
      loading = false;
      if (again) refresh();
    }, table.rows.length ? REFRESH : 0);
  }

  async function finish() {
    stream.close();
    clearTimeout(timer);
    try {
      await show(table);
    } catch {
      warn(words.server_stopped);
    }
  }

  function warn(text) {
    connection.textContent = text;
    connection.hidden = false;
  }
}

// Replace the page by the page of the result, at the same address; its answers are at the top. The list of books stays
// as its reader has it: filtered, sorted, scrolled, and in its place in the window.
async function show(table) {
  const response = await fetch(location.pathname + location.search);
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const main = document.adoptNode(page.querySelector("main"));
  const list = main.querySelector("#books"), { root, window: rows } = table, { scrollTop } = rows;
  const focused = root.contains(document.activeElement) ? document.activeElement : null;
  const scrolled = scrollY > 0, top = root.getBoundingClientRect().top;
  list?.replaceWith(root);
  document.querySelector("main").replaceWith(main);
  document.title = page.title;
  rows.scrollTop = scrollTop;
  if (list && scrolled) scrollBy(0, root.getBoundingClientRect().top - top);
  else scrollTo(0, 0);
  if (list && focused) focused.focus({ preventScroll: true });
  else main.focus({ preventScroll: true }); // a screen reader goes on there
  drawChart();
  if (list) await table.load();
}

start();
