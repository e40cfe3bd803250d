"use strict";
// Finds sections that have all the words; SECTIONS is in sections.js.
const MOST = 12, AROUND = 60;
const box = document.querySelector(".search");
const input = box.querySelector("input"), list = box.querySelector("ol");
const status = box.querySelector("[role=status]");
const plain = (text) => text.toLowerCase();
const looked = SECTIONS.map((s) => ({ ...s, head: plain(s.title), all: plain(`${s.page} ${s.title} ${s.text}`) }));
box.hidden = false;

// On a small screen, the list of all pages would come before every page.
if (matchMedia("(max-width: 50rem)").matches)
  document.querySelector("nav details").open = false;

function found(words) {
  const score = (s) => words.reduce((sum, w) => sum + (s.head.includes(w) ? 3 : 0) + (plain(s.page).includes(w) ? 1 : 0), 0);
  return looked
    .filter((s) => words.every((w) => s.all.includes(w)))
    .map((s) => [score(s), s])
    .sort((a, b) => b[0] - a[0])
    .map(([, s]) => s);
}

function excerpt(section, words) {
  const text = plain(section.text);
  const at = Math.min(...words.map((w) => text.indexOf(w)).filter((i) => i >= 0));
  if (!Number.isFinite(at)) return section.text.slice(0, 2 * AROUND);
  const from = Math.max(0, at - AROUND);
  return (from ? "… " : "") + section.text.slice(from, at + AROUND) + " …";
}

function entry(section, words) {
  const item = document.createElement("li"), link = document.createElement("a");
  const title = document.createElement("strong"), page = document.createElement("span");
  const text = document.createElement("p");
  link.href = `${input.dataset.up}/${section.to}`;
  title.textContent = section.title;
  page.textContent = section.title === section.page ? "" : ` ${section.page}`;
  text.textContent = excerpt(section, words);
  link.append(title, page, text);
  item.append(link);
  return item;
}

input.addEventListener("input", () => {
  const words = plain(input.value).split(/\s+/).filter(Boolean);
  const sections = words.length ? found(words) : [];
  status.textContent = words.length ? `${sections.length} found` : "";
  list.replaceChildren(...sections.slice(0, MOST).map((s) => entry(s, words)));
});
box.addEventListener("keydown", (event) => {
  const links = [...list.querySelectorAll("a")];
  const at = links.indexOf(document.activeElement);
  if (event.key === "Escape") {
    list.replaceChildren();
    input.focus();
  } else if (event.key === "ArrowDown" && links.length) {
    links[Math.min(at + 1, links.length - 1)].focus();
  } else if (event.key === "ArrowUp" && at >= 0) {
    (links[at - 1] || input).focus();
  } else if (event.key === "Enter" && document.activeElement === input && links.length) {
    links[0].click();
  } else return;
  event.preventDefault();
});
