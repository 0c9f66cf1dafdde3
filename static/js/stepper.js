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
    const status = box.querySelector("[data-left]");
    box.querySelectorAll("[data-by], [data-set-to]").forEach((tool) => { tool.hidden = false; });

    const sayWhatIsLeft = () => {
      const minutes = inMinutes(input.value);
      const left = Number(box.dataset.available) - minutes;
      const isSaid = minutes !== null && minutes > 0 && left >= 0;
      status.textContent = isSaid ? status.dataset.left.replace("{left}", inWords(left) || "0 min") : "";
    };

    box.addEventListener("click", (event) => {
      const { by, set } = event.target.closest("button")?.dataset ?? {};
      if (by === undefined && set === undefined) return;
      const minutes = set === undefined ? stepped(inMinutes(input.value) ?? 0, Number(by)) : Number(set);
      input.value = inWords(minutes);
      sayWhatIsLeft();
    });
    input.addEventListener("input", sayWhatIsLeft);
    sayWhatIsLeft();
  };

  document.querySelectorAll("[data-stepper]").forEach(enliven);
  // What only stands in for a script: out of sight, and no longer what Enter presses.
  document.querySelectorAll("[data-without-js]").forEach((button) => {
    button.type = "button";
    button.hidden = true;
  });
})();
