"use strict";

// Lets people see the password that they type. Hidden again when the form is sent: browsers remember
// what stands in fields of text.
for (const field of document.querySelectorAll("input[type=password]")) {
  const label = field.labels[0].textContent.trim().toLowerCase();
  const button = document.createElement("button");
  const show = (shown) => {
    field.type = shown ? "text" : "password";
    button.textContent = `${shown ? "Hide" : "Show"} ${label}`;
  };
  button.type = "button";
  button.className = "reveal";
  button.addEventListener("click", () => show(field.type === "password"));
  field.form.addEventListener("submit", () => show(false));
  field.autocapitalize = "none";
  field.spellcheck = false;
  show(false);
  field.after(button);
}

// Keeps the overview fresh: asks for its live part every few seconds and puts it in place.
(() => {
  const state = document.getElementById("live-state");
  if (!state) return;
  const every = 5000;
  let timer;

  // Said once for each change, so that a screen reader is not told every few seconds.
  const say = (words, kind) => {
    if (state.textContent !== words) state.textContent = words;
    state.className = kind;
  };

  const refresh = async () => {
    clearTimeout(timer);
    if (document.hidden) return;
    try {
      const answer = await fetch("/live", { redirect: "manual", cache: "no-store" });
      if (answer.type === "opaqueredirect" || answer.status === 403) {
        // Signed out, or no administrator any more: the page itself says what now.
        location.reload();
        return;
      }
      if (!answer.ok) throw new Error(String(answer.status));
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById("live");
      if (!fresh) throw new Error("not the live part");
      document.getElementById("live").replaceWith(document.importNode(fresh, true));
      say("Live, every 5 seconds.", "faint");
    } catch {
      say("Not live: the server does not respond. These numbers are out of date.", "stale");
    }
    timer = setTimeout(refresh, every);
  };

  document.addEventListener("visibilitychange", refresh);
  say("Live, every 5 seconds.", "faint");
  timer = setTimeout(refresh, every);
})();

// Keeps the part of an address behind "#" over the form: the server never sees it.
(() => {
  const next = document.querySelector("main input[name=next]");
  // Browsers leave a backslash as it is, and the server refuses it.
  const part = location.hash.replace(/[^!-\[\]-~]/g, encodeURIComponent);
  if (!next || part.length < 2 || next.value.includes("#")) return;
  if (next.value.length + part.length > 8192) return;
  next.value += part;
  for (const link of document.querySelectorAll("main a[href*='?next=']")) link.hash = part;
})();
