// Texts with placeholders, as the labels have them: fill("{n} of {all}", { n: 3, all: 20 }).

export function fill(words, values) {
  return words.replace(/\{(\w+)(?::[^}]*)?\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}
