// The chart of price and quality says what its marks are, to a pointer, a finger and the keyboard. Without this, the
// browser's own tooltips do.
"use strict";
function chart(plot, tip) {
  if (!plot) return;
  const points = [...plot.querySelectorAll("a")], said = new Map();
  const drawing = plot.parentElement; // listens for the drawing: one that listens itself becomes a stop of the Tab key
  let shown = null, touch = false;

  // The title inside a mark is its tooltip without script; taken out here, lest the browser show it as well.
  function name(point) {
    if (!said.has(point)) {
      const title = point.querySelector("title");
      said.set(point, title.textContent);
      point.setAttribute("aria-label", title.textContent.replace("\n", " · "));
      title.remove();
    }
    return said.get(point);
  }

  function show(point) {
    hide();
    const [title, ...numbers] = name(point).split("\n");
    const bold = document.createElement("b");
    bold.textContent = title;
    tip.replaceChildren(bold, numbers.join("\n"));
    tip.hidden = false;
    shown = point;
    point.classList.add("shown");
    place();
  }
  // Above the mark, or below where there is no room; never beyond the edge of the window.
  function place() {
    const mark = shown.lastElementChild.getBoundingClientRect(), box = tip.getBoundingClientRect(), edge = 8;
    const { clientWidth, clientHeight } = document.documentElement;
    const above = mark.top - box.height - edge;
    const left = Math.max(edge, Math.min(mark.left + mark.width / 2 - box.width / 2, clientWidth - box.width - edge));
    const top = Math.max(edge, Math.min(above < edge ? mark.bottom + edge : above, clientHeight - box.height - edge));
    tip.style.left = `${left}px`;
    tip.style.top = `${top}px`;
  }
  function hide() {
    shown?.classList.remove("shown");
    shown = null;
    tip.hidden = true;
  }

  const point = (event) => event.target.closest?.("a");
  drawing.addEventListener("pointerover", (event) => event.pointerType !== "touch" && point(event) && show(point(event)));
  drawing.addEventListener("pointerout", (event) => event.pointerType === "mouse" && hide());
  drawing.addEventListener("focusin", (event) => point(event) && show(point(event)));
  drawing.addEventListener("focusout", hide);
  addEventListener("scroll", () => shown && place(), { passive: true }); // a focus scrolls the mark into view
  addEventListener("keydown", (event) => event.key === "Escape" && hide());

  // A finger cannot hover: its first tap says what the mark is, the second opens it.
  let before = null;
  drawing.addEventListener("pointerdown", (event) => {
    touch = event.pointerType === "touch";
    before = shown;
  }, { capture: true });
  drawing.addEventListener("click", (event) => {
    const hit = point(event);
    if (touch && hit && hit !== before) { event.preventDefault(); show(hit); }
    touch = false;
  });

  // Tab stops at the frontier alone; the arrow keys go to every mark, by price.
  let byPrice = null;
  drawing.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    if (!step || !point(event)) return;
    const x = (a) => parseFloat(a.lastElementChild.getAttribute("cx") ?? a.lastElementChild.getAttribute("x"));
    byPrice ??= points.slice().sort((a, b) => x(a) - x(b));
    byPrice[byPrice.indexOf(point(event)) + step]?.focus({ preventScroll: true });
    event.preventDefault();
  });
}
