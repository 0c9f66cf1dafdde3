// A line of chips that is pushed aside shows the chosen one, wherever in the line it stands.
(() => {
  "use strict";

  const show = () => document.querySelectorAll(".sideways [aria-current]").forEach((chip) => {
    const line = chip.closest(".sideways");
    const { left, width } = chip.getBoundingClientRect();
    line.scrollLeft += left - line.getBoundingClientRect().left - (line.clientWidth - width) / 2;
  });

  document.addEventListener("htmx:oobAfterSwap", show);
  document.addEventListener("htmx:historyRestore", show);
  show();
})();
