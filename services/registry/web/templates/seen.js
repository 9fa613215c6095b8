// Says once that this page was seen: it is in view, and a hand moves on it. What fetches links by itself does neither.
(() => {
  "use strict";
  const signs = ["pointermove", "pointerdown", "keydown", "wheel", "touchstart"];
  let isTold = false;

  async function look(event) {
    if (isTold || !event.isTrusted || document.visibilityState !== "visible") return;
    isTold = true;
    try {
      const answer = await fetch(`${location.pathname}/seen`, { method: "POST", keepalive: true });
      isTold = answer.status < 500;
    } catch {
      isTold = false; // the next sign tries again
    }
    if (isTold) signs.forEach((name) => removeEventListener(name, look));
  }

  signs.forEach((name) => addEventListener(name, look, { passive: true }));
})();
