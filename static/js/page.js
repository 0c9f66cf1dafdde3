// Small things every page shares: says that scripts run, moves the focus to what needs attention,
// keeps a form from being sent twice, and puts the focus where htmx swapped something in.
(() => {
  "use strict";

  document.documentElement.classList.add("scripting");

  const summary = document.querySelector("[data-focus]");
  if (summary) summary.focus();

  // A second press while the first is on its way changes nothing; the server would say the same.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post") return;
    if (form.dataset.sending) {
      event.preventDefault();
      return;
    }
    form.dataset.sending = "1";
    if (event.submitter) event.submitter.setAttribute("aria-busy", "true");
  });

  // Coming back with the browser's button finds the form ready again.
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    for (const form of document.querySelectorAll("form[data-sending]")) delete form.dataset.sending;
    for (const button of document.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    const target = event.detail.target.querySelector("[data-focus]");
    if (target) target.focus();
  });
})();
