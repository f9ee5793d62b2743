// How the pages search their lists: case, width and script (Traditional or Simplified) make no difference.
"use strict";
function folder(form) {
  const pairs = [...form.dataset.fold], plain = new Map();
  for (let at = 0; at < pairs.length; at += 2) plain.set(pairs[at], pairs[at + 1]);
  return (text) => [...text.normalize("NFKC").toLowerCase()].map((char) => plain.get(char) ?? char).join("").replace(/\s+/g, " ").trim();
}
