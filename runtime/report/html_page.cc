#include "runtime/report/html_page.h"

namespace evalrun::report {

const std::string_view kPageStyle = R"css(
:root {
  color-scheme: light dark;
  --page: #ffffff; --panel: #f6f7f9; --text: #1b1f24; --muted: #57606a; --line: #d8dee4; --focus: #0550ae;
  --passed: #14532d; --passed-back: #e2f4e6; --failed: #8c1d18; --failed-back: #fde4e2;
  --time: #6a3f00; --time-back: #fff0d0; --memory: #4c2889; --memory-back: #eee5fb;
  --faulty: #ffffff; --faulty-back: #3d444d; --mark: #ffd8a8; --bar: #57606a; --track: #d8dee4;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171b; --panel: #1c2127; --text: #e4e7eb; --muted: #9aa4af; --line: #343b44; --focus: #79b8ff;
    --passed: #a5e0b2; --passed-back: #163522; --failed: #ffb4ad; --failed-back: #4a1b19;
    --time: #ffd28a; --time-back: #43300e; --memory: #d3bdff; --memory-back: #33244f;
    --faulty: #14171b; --faulty-back: #c9d1d9; --mark: #7a4a00; --bar: #9aa4af; --track: #343b44;
  }
}
* { box-sizing: border-box; }
html { font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "Noto Sans", sans-serif; }
body { margin: 0; background: var(--page); color: var(--text); }
header, main { padding: 0 1.5rem; }
header { padding-top: 1.25rem; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 1.5rem 0 .5rem; overflow-wrap: anywhere; }
h3 { font-size: .9rem; margin: 0 0 .25rem; font-weight: 600; }
p { margin: 0 0 .5rem; max-width: 60rem; overflow-wrap: anywhere; }
.muted, .hint { color: var(--muted); font-size: .9rem; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.facts, .legend { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; margin: .5rem 0; }
.facts div { display: flex; gap: .5rem; min-width: 0; }
.facts dt, .pairs dt { color: var(--muted); }
.facts dd, .pairs dd { margin: 0; }
dt, dd, li { overflow-wrap: anywhere; min-width: 0; max-width: 100%; }
.legend { list-style: none; padding: 0; gap: .25rem 1rem; font-size: .9rem; }
.notes { margin: .5rem 0; padding-left: 1.25rem; color: var(--muted); overflow-wrap: anywhere; }
.tools { display: flex; flex-wrap: wrap; align-items: baseline; gap: .25rem 1.5rem; }
.scroll { overflow: auto; max-height: 88vh; max-width: 100%; width: fit-content; border: 1px solid var(--line);
  border-radius: 6px; scroll-margin-top: .5rem; }
.scroll.wide { width: auto; }
.open .scroll { max-height: 46vh; }
main { padding-bottom: 1rem; }
.open main { padding-bottom: 0; }
table { border-collapse: separate; border-spacing: 0; font-variant-numeric: tabular-nums; }
.list { width: 100%; }
th, td { padding: .25rem .6rem; text-align: left; border-bottom: 1px solid var(--line); vertical-align: middle;
  white-space: nowrap; max-width: 22rem; overflow: hidden; text-overflow: ellipsis; }
thead th { position: sticky; top: 0; background: var(--panel); font-weight: 600; z-index: 2; vertical-align: bottom; }
tbody th { position: sticky; left: 0; background: var(--page); font-weight: 500; z-index: 1; }
thead th:first-child { left: 0; z-index: 3; }
.groups th { height: 1.9rem; padding: .2rem .3rem; border-left: 1px solid var(--line); font-weight: 400;
  color: var(--muted); max-width: 0; }
.groups th:first-child { border-left: 0; }
.groups + tr th { top: 1.9rem; }
tbody tr:last-child > * { border-bottom: 0; }
th small { display: block; color: var(--muted); font-weight: 400; }
.case { padding: .4rem .2rem; min-width: 2.2rem; text-align: center; }
.case span { display: inline-block; writing-mode: vertical-rl; transform: rotate(180deg); max-height: 9rem;
  overflow: hidden; text-overflow: ellipsis; font-weight: 400; }
td.v { text-align: center; padding: .25rem .2rem; border-left: 1px solid var(--page); font-size: .85rem;
  font-weight: 600; cursor: pointer; }
td.n { text-align: right; }
td.n span { display: inline-block; min-width: 6rem; }
td.w { max-width: none; white-space: normal; overflow-wrap: anywhere; min-width: 14rem; }
tbody tr { cursor: pointer; }
.p { color: var(--passed); background: var(--passed-back); }
.f { color: var(--failed); background: var(--failed-back); }
.t { color: var(--time); background: var(--time-back); }
.m { color: var(--memory); background: var(--memory-back); }
.e { color: var(--faulty); background: var(--faulty-back); }
.s { color: var(--muted); }
.chip { display: inline-block; min-width: 2.4rem; padding: 0 .4rem; border-radius: 4px; font-weight: 600;
  font-size: .85rem; text-align: center;
  max-width: 100%; overflow: hidden; text-overflow: ellipsis; vertical-align: middle; }
.unmet { color: var(--failed); font-weight: 600; }
svg { display: inline-block; vertical-align: middle; margin-right: .5rem; }
svg path { fill: none; }
.track { stroke: var(--track); stroke-width: 4; }
.reach { stroke: var(--bar); stroke-width: 4; }
.ticks { stroke: var(--text); stroke-width: 1; }
.limit { stroke: var(--failed); stroke-width: 2; }
:focus-visible { outline: 3px solid var(--focus); outline-offset: -3px; }
button:focus-visible, pre:focus-visible, a:focus-visible, input:focus-visible { outline-offset: 1px; }
[aria-selected="true"] { box-shadow: inset 0 0 0 2px var(--focus); }
#detail { position: sticky; bottom: 0; z-index: 4; max-height: 50vh; margin: 0 -1.5rem; overflow: auto; background: var(--page);
  border-top: 2px solid var(--line); padding: .75rem 1.5rem 1rem; box-shadow: 0 -6px 18px rgb(0 0 0 / 12%); }
#detail header { padding: 0; display: flex; gap: 1rem; align-items: baseline; justify-content: space-between; }
#detail h2 { margin: 0 0 .25rem; }
button { font: inherit; color: var(--text); background: var(--panel); border: 1px solid var(--line);
  border-radius: 6px; padding: .1rem .7rem; cursor: pointer; }
.pairs { display: grid; grid-template-columns: fit-content(16rem) minmax(0, 1fr); gap: .1rem 1rem; margin: .25rem 0 .5rem; }
.panes { display: grid; grid-template-columns: repeat(auto-fit, minmax(17rem, 1fr)); gap: .75rem; }
.pane { min-width: 0; }
pre { font: .85rem/1.45 ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; margin: 0; padding: .5rem;
  max-height: 18rem; overflow: auto; background: var(--panel); border: 1px solid var(--line); border-radius: 6px;
  white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: isolate; }
pre mark { background: var(--mark); color: inherit; outline: 1px solid var(--time); border-radius: 2px; }
.talk { width: 100%; margin-top: .25rem; }
.talk td { max-width: none; white-space: pre-wrap; overflow-wrap: anywhere; vertical-align: top; cursor: auto;
  font: .85rem/1.45 ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; }
.talk th { position: static; }
.talk th:first-child { width: 7rem; }
.talk tr { cursor: auto; }
@media print {
  .scroll { max-height: none; overflow: visible; border: 0; }
  .tools, .hint { display: none; }
  thead th, tbody th, #detail { position: static; box-shadow: none; max-height: none; }
}
)css";

const std::string_view kPageScript = R"js(
"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const data = JSON.parse(byId("data").textContent);
  const table = byId("results"), detail = byId("detail"), status = byId("status"), only = byId("only");

  // Every text of the report gets into the page here, as text.
  const make = (name, className, ...inner) => {
    const node = document.createElement(name);
    if (className) node.className = className;
    node.append(...inner.filter((each) => each !== null && each !== undefined));
    return node;
  };

  const sizes = (text) => {
    if (text.t === 0) return "empty";
    return text.n === text.t ? text.t + " bytes" : "bytes " + text.b + " to " + (text.b + text.n) + " of " + text.t;
  };

  const pane = (title, text) => {
    if (!text) return null;
    const body = make("pre", "", text.a);
    body.tabIndex = 0;
    body.setAttribute("role", "region");
    body.setAttribute("aria-label", title);
    if (text.m !== undefined) {
      const mark = make("mark", "", text.m === "" ? " " : text.m);
      mark.setAttribute("aria-label", "first difference: " + (text.m === "" ? "the end" : text.m));
      body.append(mark, text.z);
    }
    return make("div", "pane", make("h3", "", title + " ", make("span", "muted", sizes(text))), body);
  };

  const filled = (list) => list.filter(([, value]) => value);
  // Short ones in a row, long ones each on a line.
  const facts = (list) =>
    make("dl", "facts", ...filled(list).map(([name, value]) =>
      make("div", "", make("dt", "", name), make("dd", "", value))));
  const pairs = (list) =>
    make("dl", "pairs", ...filled(list).flatMap(([name, value]) => [make("dt", "", name), make("dd", "", value)]));

  const talk = (cell) => {
    if (!cell.talk) return null;
    const body = make("tbody", "");
    for (const [side, at, text, cut] of cell.talk) {
      const words = make("td", "", text + (cut ? "\u2026" : ""));
      body.append(make("tr", "", make("td", "n", at), side ? words : make("td", ""), side ? make("td", "") : words));
    }
    const head = make("tr", "");
    for (const name of ["Time", "From the submission", "To the submission"]) {
      const cellOfHead = make("th", "", name);
      cellOfHead.scope = "col";
      head.append(cellOfHead);
    }
    return make("div", "pane", make("h3", "", "Exchange"),
                make("table", "talk", make("thead", "", head), body),
                cell.more ? make("p", "muted", "and " + cell.more + " more") : null);
  };

  const contentOfCell = (cell, column) => [
    facts([["Verdict", cell.v ? cell.v + ", " + cell.words : "not run"], ["Points", cell.score], ["Time", cell.time],
           ["Elapsed", cell.wall], ["Memory", cell.memory]]),
    pairs([["Why", cell.skipped], ["Message", cell.m === cell.words ? "" : cell.m], ["Checker", cell.f],
           ["For the jury", cell.j], ...(cell.facts || [])]),
    make("div", "panes", pane("Input", cell.in || column.in), pane("Output", cell.out),
         pane("Expected", cell.exp || column.exp), pane("Standard error", cell.err)),
    talk(cell),
  ];

  const contentOfRow = (row) => [
    facts([["Verdict", row.v ? row.v + ", " + row.words : "not judged"], ["Points", row.score],
           ["Language", row.language], ["Expected", row.expected]]),
    pairs([["Why", row.skipped], ["Message", row.m], ["Compiler", row.compile], ...(row.groups || [])]),
    make("div", "panes", pane("Compiler's output", row.compiler)),
  ];

  // --- what is selected --------------------------------------------------------------------------------------------

  let current = null;
  const placeOf = (cell) => {
    const row = cell.closest("[data-r]"), column = cell.closest("[data-c]");
    return { r: row ? Number(row.dataset.r) : 0, c: column ? Number(column.dataset.c) : -1 };
  };

  const show = () => {
    if (!current) return;
    const { r, c } = placeOf(current);
    const row = data.rows[r], column = c < 0 ? null : data.columns[c];
    const cell = column && (row.cells[c] || {});
    const title = row.name + (column ? ", case " + column.name : "");
    const close = make("button", "", "Close");
    close.type = "button";
    close.addEventListener("click", hide);
    const heading = make("h2", "", title);
    heading.id = "detail-title";
    const content = column ? contentOfCell(cell, column) : contentOfRow(row);
    detail.replaceChildren(make("header", "", heading, close), ...content.filter(Boolean));
    const frame = table.parentElement;
    if (detail.hidden) {
      // The upper half of the window is the table's, the lower half the detail's.
      detail.hidden = false;
      document.body.classList.add("open");
      frame.style.scrollPaddingTop = table.tHead.offsetHeight + "px";
      frame.style.scrollPaddingLeft = table.tBodies[0].rows[0].cells[0].offsetWidth + "px";
      frame.scrollIntoView({ block: "start" });
    }
    detail.scrollTop = 0;
    for (const other of table.querySelectorAll("[aria-selected=true]")) other.removeAttribute("aria-selected");
    current.setAttribute("aria-selected", "true");
    const verdict = column ? cell.words || "not run" : row.words || "not judged";
    status.textContent = title + ": " + verdict + ". Tab goes to the details.";
    for (const body of detail.querySelectorAll("pre")) {
      const mark = body.querySelector("mark");
      if (mark) body.scrollTop = Math.max(0, mark.offsetTop - body.offsetTop - 60);
    }
    current.scrollIntoView({ block: "nearest", inline: "nearest" });
  };

  const hide = () => {
    detail.hidden = true;
    document.body.classList.remove("open");
    if (!current) return;
    current.removeAttribute("aria-selected");
    current.focus();
  };

  const moveTo = (cell) => {
    if (!cell) return;
    if (current) current.tabIndex = -1;
    current = cell;
    cell.tabIndex = 0;
    cell.focus();
    if (!detail.hidden) show();
  };

  const rows = () => [...table.tBodies[0].rows].filter((row) => !row.hidden);

  const target = (key, far) => {
    const all = rows(), row = current.parentElement, at = all.indexOf(row), column = current.cellIndex;
    const last = row.cells.length - 1;
    switch (key) {
      case "ArrowLeft": return row.cells[Math.max(0, column - 1)];
      case "ArrowRight": return row.cells[Math.min(last, column + 1)];
      case "ArrowUp": return all[Math.max(0, at - 1)].cells[column];
      case "ArrowDown": return all[Math.min(all.length - 1, at + 1)].cells[column];
      case "Home": return (far ? all[0] : row).cells[0];
      case "End": return (far ? all[all.length - 1] : row).cells[last];
      default: return null;
    }
  };

  table.addEventListener("keydown", (event) => {
    if (!current || event.altKey || event.metaKey) return;
    if (event.key === "Enter" || event.key === " ") {
      show();
    } else {
      const next = target(event.key, event.ctrlKey);
      if (!next) return;
      moveTo(next);
    }
    event.preventDefault();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !detail.hidden) hide();
  });
  table.addEventListener("click", (event) => {
    const cell = event.target.closest("tbody > tr > *");
    if (!cell || !table.contains(cell)) return;
    moveTo(cell);
    show();
  });
  only.addEventListener("change", () => {
    for (const row of table.tBodies[0].rows) row.hidden = only.checked && row.classList.contains("ok");
    const all = rows();
    if (current && current.parentElement.hidden) {
      current.tabIndex = -1;
      current = null;
    }
    if (!current && all.length > 0) {
      current = all[0].cells[0];
      current.tabIndex = 0;
    }
  });

  if (table.tBodies[0].rows.length > 0) {
    current = table.tBodies[0].rows[0].cells[0];
    current.tabIndex = 0;
  }
})();
)js";

}  // namespace evalrun::report
