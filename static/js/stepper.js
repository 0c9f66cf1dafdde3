// An amount of time in steps: buttons beside a text field that works without them.
(() => {
  "use strict";

  const inMinutes = (text) => {
    const found = /^\s*(?:(\d{1,6})\s*h)?\s*(?:(\d{1,6})\s*(?:min|m)?)?\s*$/i.exec(text);
    if (found && (found[1] || found[2])) return Number(found[1] || 0) * 60 + Number(found[2] || 0);
    const clock = /^\s*(\d{1,6}):([0-5]\d)\s*$/.exec(text);
    return clock ? Number(clock[1]) * 60 + Number(clock[2]) : null;
  };

  const inWords = (minutes) => {
    const hours = Math.floor(minutes / 60);
    const rest = minutes % 60;
    return [hours ? `${hours} h` : "", rest ? `${rest} min` : ""].filter(Boolean).join(" ");
  };

  const stepped = (now, by) => {
    const step = Math.abs(by);
    // The next whole step in that direction: 20 min goes to 30 or 15, not to 35 or 5.
    const next = by > 0 ? Math.floor(now / step) * step + step : Math.ceil(now / step) * step - step;
    return Math.max(step, next);
  };

  const enliven = (box) => {
    const input = box.querySelector("input");
    const tools = box.querySelector("[data-stepper-tools]");
    if (!input || !tools) return;
    tools.hidden = false;
    tools.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      const now = inMinutes(input.value) || 0;
      input.value = inWords(button.dataset.set ? Number(button.dataset.set) : stepped(now, Number(button.dataset.by)));
      input.dispatchEvent(new Event("input", { bubbles: true }));
    });
  };

  document.querySelectorAll("[data-stepper]").forEach(enliven);
  // What only stands in for a script: out of sight, and no longer what Enter presses.
  document.querySelectorAll("[data-without-js]").forEach((button) => {
    button.type = "button";
    button.hidden = true;
  });
})();
