// Replaces fragments of the page with what the server sends. The page works without this.
"use strict";
(() => {
  const plain = { createHTML: (html) => html };
  // The server escapes everything that it did not write itself; this is the one place that trusts it.
  const policy = window.trustedTypes ? window.trustedTypes.createPolicy("steadyline", plain) : plain;
  const link = document.getElementById("link");
  const waiting = new Map();
  let source = null;
  let revision = 0;

  const show = (state, text) => {
    if (!link || link.dataset.state === state) return;
    link.dataset.state = state;
    link.textContent = text;
  };

  // What a person is typing into or has marked is left alone until they are done.
  const isInUse = (element) => {
    const active = document.activeElement;
    if (active && element.contains(active) && active.matches("input, textarea, select")) return true;
    const marked = document.getSelection();
    return Boolean(marked && !marked.isCollapsed && marked.anchorNode && element.contains(marked.anchorNode));
  };

  const replace = (id, html) => {
    const element = document.getElementById(id);
    if (!element || !element.hasAttribute("data-fragment")) return;
    if (isInUse(element)) {
      waiting.set(id, html);
      return;
    }
    waiting.delete(id);
    const focused = element.contains(document.activeElement) ? document.activeElement : null;
    const focusId = focused && focused.id;
    const path = focused && !focusId ? [...element.querySelectorAll("a, button, summary, [tabindex]")].indexOf(focused) : -1;
    const folded = new Map();
    for (const details of element.querySelectorAll("details[id]")) folded.set(details.id, details.open);
    const said = element.querySelector("[role=status]");
    const fresh = document.createElement("template");
    fresh.innerHTML = policy.createHTML(html);
    for (const details of fresh.content.querySelectorAll("details[id]")) {
      if (folded.has(details.id)) details.open = folded.get(details.id);
    }
    // A sentence that says the same stays the same element: it is not announced again.
    const says = fresh.content.querySelector("[role=status]");
    if (said && says) {
      if (said.textContent !== says.textContent) said.textContent = says.textContent;
      says.replaceWith(said);
    }
    element.replaceChildren(fresh.content);
    const again = focusId
      ? document.getElementById(focusId)
      : path >= 0 && element.querySelectorAll("a, button, summary, [tabindex]")[path];
    if (again) again.focus({ preventScroll: true });
  };

  const settle = () => {
    for (const [id, html] of [...waiting]) replace(id, html);
  };

  const close = () => {
    if (source) source.close();
    source = null;
  };

  const open = () => {
    if (source || document.hidden) return;
    source = new EventSource("/events");
    source.addEventListener("open", () => {
      // Another server counts from the beginning; it tells everything first.
      revision = 0;
      show("live", "live");
    });
    source.addEventListener("update", (event) => {
      const update = JSON.parse(event.data);
      if (update.revision <= revision) return;
      revision = update.revision;
      for (const fragment of update.fragments) replace(fragment.id, fragment.html);
    });
    source.addEventListener("error", () => {
      show("lost", "not live: connecting again");
      // A refused stream is not tried again by the browser.
      if (source && source.readyState === EventSource.CLOSED) {
        close();
        setTimeout(open, 5000);
      }
    });
  };

  // A page that nobody sees needs no connection; browsers have few.
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  document.addEventListener("focusout", () => setTimeout(settle, 0));
  document.addEventListener("selectionchange", () => {
    const marked = document.getSelection();
    if (waiting.size && (!marked || marked.isCollapsed)) settle();
  });
  open();
})();
