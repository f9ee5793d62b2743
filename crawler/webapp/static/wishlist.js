// A wish list: send it, and show each outcome as it comes.

import { api } from "./api.js";

const form = document.querySelector("#wish-form"), error = form.querySelector(".form-error");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("[type=submit]"), file = form.elements.file.files[0];
  button.disabled = true;
  error.hidden = true;
  try {
    const text = file ? decoded(await file.arrayBuffer()) : form.elements.text.value;
    const made = await api("POST", "/api/v1/wishlists", { text, sellers: form.elements.sellers.checked ? "all" : "self" });
    location.assign(`/wishlist?list=${made.id}`);
  } catch (trouble) {
    error.textContent = trouble.message;
    error.hidden = false;
  } finally {
    button.disabled = false;
  }
});

// Spreadsheets in China write CSV in the charset of the system.
function decoded(data) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(data);
  } catch {
    return new TextDecoder("gb18030").decode(data);
  }
}

const section = document.querySelector("#wishes");
if (section?.dataset.state === "running") follow();

function follow() {
  const { id, done } = section.dataset, words = JSON.parse(section.dataset.words);
  const totals = section.querySelector("#totals"), progress = section.querySelector("progress"), cancel = section.querySelector("#cancel");
  const source = new EventSource(`/api/v1/wishlists/${id}/events?after=${done}`);
  source.onmessage = ({ data }) => {
    const { row, totals: sums, state } = JSON.parse(data);
    if (row) show(row);
    progress.value = sums.done;
    totals.textContent = sums.words;
    section.querySelector("#total-cheapest").textContent = sums.cheapest_words;
    section.querySelector("#total-best").textContent = sums.best_words;
    if (state !== "running") {
      section.dataset.state = state;
      cancel?.remove();
      source.close();
    }
  };
  source.onerror = () => { totals.textContent = words.wish_connection_lost; };
  cancel?.addEventListener("click", () => api("DELETE", `/api/v1/wishlists/${id}`));
}

function show(row) {
  const line = section.querySelector(`[data-place="${row.place}"]`), [result, cheapest, best] = line.querySelectorAll("td");
  line.className = row.state;
  result.textContent = row.words;
  cheapest.replaceChildren(...book(row.cheapest));
  best.replaceChildren(...book(row.best));
}

function book(found) {
  if (!found) return ["–"];
  const price = document.createElement("b"), title = document.createElement(found.link ? "a" : "span"), note = document.createElement("small");
  price.textContent = found.price_words;
  title.textContent = found.title;
  title.lang = "zh-Hans";
  if (found.link) Object.assign(title, { href: found.link, rel: "noopener noreferrer" });
  note.textContent = found.note;
  return [price, " ", title, note];
}
