// Shows the chosen colours and text size at once, before they are saved; unsaved, they go with the page.
(() => {
  "use strict";

  const attributes = { theme: "theme", text_size: "text" };
  const root = document.documentElement;

  const show = (control) => {
    const attribute = attributes[control.name];
    if (!attribute) return;
    if (control.value) root.dataset[attribute] = control.value;
    else delete root.dataset[attribute];
  };

  document.addEventListener("change", (event) => show(event.target));

  // What the browser kept of a form, when a page is loaded again, is shown too.
  addEventListener("pageshow", () => {
    for (const control of document.querySelectorAll("[name=theme]:checked, [name=text_size]:checked, select[name=theme], select[name=text_size]")) show(control);
  });
})();
