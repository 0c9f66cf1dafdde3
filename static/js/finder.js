// Whoever is chosen while an older search is still under way stays chosen: the answer, asked for
// without her, would put a list in place in which nobody is. So the question is asked anew.
(() => {
  "use strict";

  document.addEventListener("htmx:beforeSwap", (event) => {
    const { target, requestConfig } = event.detail;
    if (target.id !== "people") return;
    const chosen = target.querySelector("input[type=radio]:checked");
    if (!chosen || chosen.value === requestConfig.formData.get("to")) return;
    event.detail.shouldSwap = false;
    htmx.trigger("#q", "search");
  });
})();
