// The search box starts a search and opens its page; the list below follows the running ones.

import { api } from "./api.js";

const form = document.querySelector("#search"), error = form.querySelector(".form-error");
const list = document.querySelector("#searches");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("[type=submit]");
  button.disabled = true;
  error.hidden = true;
  try {
    const search = await api("POST", "/api/v1/searches", wanted());
    location.assign(`/searches/${search.id}`);
  } catch (trouble) {
    error.textContent = trouble.message;
    error.hidden = false;
  } finally {
    button.disabled = false;
  }
});

// What the fields say; an empty one is left to the configuration, or removes a limit that it sets.
function wanted() {
  const body = { keep: [] };
  for (const field of form.elements) {
    if (!field.name || (field.type === "checkbox" && !field.checked)) continue;
    if (field.type === "checkbox") body[field.name].push(field.value);
    else if (field.value.trim() === "") { if (field.defaultValue) body[field.name] = null; }
    else body[field.name] = field.type === "number" && !field.name.endsWith("price") ? Number(field.value) : field.value.trim();
  }
  return body;
}

async function refresh() {
  try {
    const { searches } = await api("GET", "/api/v1/searches");
    if (searches.length) list.replaceChildren(...searches.map(item));
    if (searches.some((search) => search.state === "running")) setTimeout(refresh, 2000);
  } catch {
    setTimeout(refresh, 5000);
  }
}

function item(search) {
  const line = document.createElement("li"), link = document.createElement("a"), words = document.createElement("span");
  link.href = `/searches/${search.id}`;
  link.lang = "zh-Hans";
  link.textContent = search.query;
  words.className = "note";
  words.textContent = search.words;
  line.append(link, " ", words);
  return line;
}

if (list.querySelector("[data-running]")) setTimeout(refresh, 1000);
addEventListener("pageshow", (event) => event.persisted && refresh());
