// A payment request on a page: its time counted down, its code copied, shared and printed, and looked
// after every few seconds while there is no socket.
(() => {
  "use strict";

  const LOOK_MS = 3_000;
  const COUNTED_SECONDS = 3_600;
  const body = document.body;
  const look = () => body.dispatchEvent(new CustomEvent("payment-look"));
  let ticking = null;

  // --- The time that is left: measured from now on, so that a phone with a wrong clock counts right ---

  const inClock = (seconds) => {
    const two = (number) => String(number).padStart(2, "0");
    return `${two(Math.floor(seconds / 60))}:${two(seconds % 60)}`;
  };

  const countDown = (box) => {
    const ends = performance.now() + Number(box.dataset.countdown) * 1000;
    const life = Number(box.dataset.life);
    const timer = box.querySelector("[role=timer]");
    const bar = box.querySelector("rect");
    const said = box.querySelector("[data-said]");
    let spoken = null;

    const say = (seconds) => { // at five minutes, at one and at the end; nothing at once when the page opens
      const stage = seconds <= 0 ? "over" : seconds <= 60 ? "minute" : seconds <= 300 ? "minutes" : "long";
      if (spoken !== null && stage !== spoken && stage !== "long") said.textContent = said.dataset[stage].replace("{n}", "5");
      spoken = stage;
    };

    const tick = () => {
      if (!box.isConnected) {
        clearInterval(ticking);
        return;
      }
      const seconds = Math.max(Math.ceil((ends - performance.now()) / 1000), 0);
      const isNear = seconds <= COUNTED_SECONDS; // before that a clock that runs would only be unrest
      timer.textContent = inClock(seconds);
      timer.parentElement.hidden = !isNear;
      box.querySelector("[data-until]").hidden = isNear;
      bar.setAttribute("width", `${Math.min((seconds / life) * 100, 100)}%`);
      say(seconds);
      if (seconds === 0) {
        clearInterval(ticking);
        setTimeout(look, 300); // the server's clock decides
        setTimeout(look, 2_000);
      }
    };

    clearInterval(ticking);
    ticking = setInterval(tick, 500);
    tick();
  };

  // --- Copying and sharing ---

  const copy = async (button) => {
    const code = document.querySelector(button.dataset.copy);
    const words = button.querySelector("span");
    try {
      await navigator.clipboard.writeText(code.textContent);
    } catch { // not allowed, or no secure address: select it, so that one touch copies
      const range = document.createRange();
      range.selectNodeContents(code);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      return;
    }
    const before = words.textContent;
    words.textContent = button.dataset.done;
    document.querySelector("[data-copied]").textContent = button.dataset.done;
    setTimeout(() => { words.textContent = before; }, 2_000);
  };

  const share = (button) =>
    navigator.share({ title: button.dataset.shareTitle, text: button.dataset.shareTitle, url: button.dataset.share })
      .catch(() => {}); // she changed her mind

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy], [data-share], [data-print]");
    if (!button) return;
    if (button.dataset.copy) copy(button);
    else if (button.dataset.share) share(button);
    else print();
  });

  const enliven = () => {
    const box = document.querySelector("[data-countdown]");
    if (box) countDown(box);
    for (const button of document.querySelectorAll("[data-share]")) button.hidden = !navigator.share;
  };

  document.addEventListener("htmx:load", (event) => {
    if (event.detail.elt?.id !== "request") return;
    enliven();
    setTimeout(look, 500); // what happened while this was on its way
  });

  // --- Without a socket ---

  setInterval(() => {
    if (body.dataset.live !== "on" && document.visibilityState === "visible" && document.querySelector("#request")) look();
  }, LOOK_MS);

  enliven();
})();
