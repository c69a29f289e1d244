// Keeps the part of an address behind "#" over the form: the server never sees it.
"use strict";
(() => {
  const next = document.querySelector("main input[name=next]");
  // Browsers leave a backslash as it is, and the server refuses it.
  const part = location.hash.replace(/[^!-\[\]-~]/g, encodeURIComponent);
  if (!next || part.length < 2 || next.value.includes("#")) return;
  if (next.value.length + part.length > 8192) return;
  next.value += part;
  for (const link of document.querySelectorAll("main a[href*='?next=']")) link.hash = part;
})();
