// Small things every page shares: says that scripts run, moves the focus to what needs attention,
// keeps a form from being sent twice, and puts the focus where htmx swapped something in.
(() => {
  "use strict";

  document.documentElement.classList.add("scripting");

  const summary = document.querySelector("[data-focus]");
  if (summary) summary.focus();

  const ready = (form) => {
    delete form.dataset.sending;
    for (const button of form.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
  };

  // A second press while the first is on its way changes nothing; the server would say the same.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post") return;
    if (form.dataset.sending) {
      event.preventDefault();
      return;
    }
    form.dataset.sending = "1";
    setTimeout(() => ready(form), 10_000); // it never left, or its answer was a download
    if (event.submitter) event.submitter.setAttribute("aria-busy", "true");
  });

  // Coming back with the browser's button finds the form ready again.
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    document.querySelectorAll("form[data-sending]").forEach(ready);
  });

  // What htmx put in says itself where the focus belongs.
  document.addEventListener("htmx:load", (event) => {
    const added = event.detail.elt;
    if (!added || added === document.body) return;
    const target = added.matches("[data-focus]") ? added : added.querySelector("[data-focus]");
    if (target) target.focus();
  });
})();
