// Puts the newest content in place, and says when it is no longer the newest. The page
// is whole without it: reloading shows the same.
"use strict";
const main = document.querySelector("main");
const stale = document.querySelector("#stale");
const events = new EventSource("/live");
let said = "";
events.onmessage = (e) => {
  stale.hidden = true;
  if (e.data === said) return;
  said = e.data;
  main.innerHTML = e.data;
};
events.onerror = () => { stale.hidden = false; };
