// The list of watches: run, pause, change, delete, test; add one; the schedule.

import { api } from "./api.js";
import { fill } from "./format.js";

const list = document.querySelector("#watches"), error = document.querySelector("#page-error");
const words = JSON.parse(list.dataset.words);
const address = (name) => `/api/v1/watches/${encodeURIComponent(name)}`;

// Run an action; a failure is shown, and the page stays as it is.
async function attempt(work, place = error) {
  place.hidden = true;
  try {
    return await work();
  } catch (trouble) {
    place.textContent = trouble.message;
    place.hidden = false;
    place.scrollIntoView({ block: "nearest" });
    return undefined;
  }
}

const actions = {
  async run(watch, status) {
    await api("POST", `${address(watch.name)}/runs`);
    status.textContent = words.watch_running;
    await ended(watch.name);
  },
  async pause(watch, status, item) {
    await api("PATCH", address(watch.name), { paused: item.classList.contains("paused") ? null : true, version: watch.version });
    location.reload();
  },
  async test(watch, status) {
    const { places } = await api("POST", `${address(watch.name)}/test-alerts`);
    status.textContent = places
      .map(({ place, why }) => fill(why ? words.watch_test_failed : words.watch_test_ok, { place, why }))
      .join("; ");
  },
  async delete(watch) {
    if (!confirm(fill(words.watch_delete_sure, { name: watch.name }))) return;
    await api("DELETE", `${address(watch.name)}?version=${watch.version}`);
    location.reload();
  },
};

// Wait until a watch does not run any more, then show its outcome.
async function ended(name) {
  for (;;) {
    await new Promise((resume) => setTimeout(resume, 500));
    if (!(await api("GET", address(name))).running) break;
  }
  location.reload();
}

list.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-action]");
  if (!button) return;
  const item = button.closest(".watch");
  button.disabled = true;
  await attempt(() => actions[button.dataset.action](item.dataset, item.querySelector(".status"), item));
  button.disabled = false;
});

list.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { name, version } = event.target.closest(".watch").dataset, price = event.target.elements.target_price.value;
  const changed = await attempt(() => api("PATCH", address(name), { target_price: price === "" ? null : price, version }));
  if (changed) location.reload();
});

for (const item of list.querySelectorAll("[data-running]")) attempt(() => ended(item.dataset.name));

document.querySelector("#schedule").addEventListener("change", async (event) => {
  const done = await attempt(() => api("PUT", "/api/v1/schedule", { on: event.target.checked }));
  if (!done) event.target.checked = !event.target.checked;
});

const form = document.querySelector("#add-watch");
form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const fields = form.elements, body = { query: fields.query.value, every: fields.every.value };
  for (const name of ["name", "target_price", "drop_percent"]) if (fields[name].value.trim()) body[name] = fields[name].value.trim();
  for (const name of ["new_lowest", "new_books", "back_in_stock"]) if (fields[name].checked) body[name] = true;
  const products = fields.products.value.split(/[\s,，、]+/).filter(Boolean);
  if (products.length) body.products = products;
  const added = await attempt(() => api("POST", "/api/v1/watches", body), form.querySelector(".form-error"));
  if (added) location.assign("/watches");
});
