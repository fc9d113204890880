/* The pages work without this. It fetches the page anew every few seconds and puts its live parts in place of those
   that are shown; what somebody reads, types, has opened or has marked stays as it is. */
"use strict";

(() => {
  const SECONDS = 5;
  const KEY = "console-paused";
  const sending = document.querySelector("form[data-send]");
  if (sending) sending.submit();

  const control = document.querySelector("[data-live-control]");
  if (!control || !document.querySelector("[data-live]")) return;

  const button = control.querySelector("button");
  const said = control.querySelector("[data-live-said]");
  let paused = remembered();
  let timer = 0;
  let failures = 0;

  function remembered() {
    try {
      return sessionStorage.getItem(KEY) === "yes";
    } catch {
      return false;
    }
  }

  function remember(value) {
    try {
      sessionStorage.setItem(KEY, value ? "yes" : "no");
    } catch {
      /* a browser that keeps nothing: the pause is for this page alone */
    }
  }

  function show(text) {
    if (said.textContent !== text) said.textContent = text;
  }

  function label() {
    button.textContent = paused ? "Resume updates" : "Pause updates";
    show(paused ? "Paused" : "Live");
  }

  function selecting(part) {
    const selection = getSelection();
    return selection && !selection.isCollapsed && part.contains(selection.anchorNode);
  }

  function busy(part) {
    const active = document.activeElement;
    return (part.contains(active) && active !== part) || selecting(part);
  }

  function opened(part) {
    return new Set([...part.querySelectorAll("details[open][id]")].map((each) => each.id));
  }

  function marked(part) {
    return [...part.querySelectorAll("input[type=checkbox]")].some((each) => each.checked);
  }

  function swap(fresh) {
    for (const part of document.querySelectorAll("[data-live]")) {
      const other = fresh.getElementById(part.id);
      if (!other || busy(part) || marked(part) || other.innerHTML === part.innerHTML) continue;
      const open = opened(part);
      const places = [...part.querySelectorAll(".scroll")].map((each) => each.scrollLeft);
      for (const each of other.querySelectorAll("details[id]")) each.open = open.has(each.id);
      if (other.innerHTML === part.innerHTML) continue;
      part.replaceChildren(...[...other.childNodes].map((node) => document.importNode(node, true)));
      [...part.querySelectorAll(".scroll")].forEach((each, at) => { each.scrollLeft = places[at] || 0; });
    }
  }

  async function refresh() {
    try {
      const answer = await fetch(location.href, {
        headers: { "X-Console-Refresh": "1" },
        credentials: "same-origin",
        cache: "no-store",
        redirect: "manual",
      });
      if (answer.type === "opaqueredirect" || answer.status === 401) {
        paused = true;
        button.hidden = true;
        show("Your session has ended: sign in again");
        return;
      }
      if (!answer.ok) throw new Error(String(answer.status));
      swap(new DOMParser().parseFromString(await answer.text(), "text/html"));
      failures = 0;
      show("Live");
    } catch {
      failures += 1;
      show("The gateway does not answer; trying again");
    }
  }

  async function turn() {
    clearTimeout(timer);
    if (paused) return;
    if (!document.hidden) await refresh();
    if (!paused) timer = setTimeout(turn, SECONDS * 1000 * Math.min(2 ** failures, 12));
  }

  button.addEventListener("click", () => {
    paused = !paused;
    remember(paused);
    label();
    turn();
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) turn();
  });
  control.hidden = false;
  label();
  timer = setTimeout(turn, SECONDS * 1000);
})();
