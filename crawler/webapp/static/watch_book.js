// «Watch this book at ¥N»: adds a watch of one product.

import { api } from "./api.js";

for (const form of document.querySelectorAll(".watch-book")) {
  const status = form.querySelector(".status"), button = form.querySelector("button");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    const { query, product, title, done, search } = form.dataset;
    try {
      const watch = await api("POST", "/api/v1/watches", {
        query, name: [...title].slice(0, 80).join("").trim() || product, products: [product], target_price: form.elements.target_price.value,
        search: JSON.parse(search),
      });
      const link = document.createElement("a");
      link.href = "/watches";
      link.textContent = watch.name;
      const [before, after] = done.split("{name}");
      status.replaceChildren(before, link, after ?? "");
    } catch (trouble) {
      status.textContent = trouble.message;
    } finally {
      button.disabled = false;
    }
  });
}
