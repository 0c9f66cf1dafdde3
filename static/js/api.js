// What the API can do, drawn from its own schema; nothing is asked of anybody else.
(() => {
  "use strict";

  const box = document.querySelector("#api");
  const nothing = () => () => null;

  // Swagger UI is a page of its own elsewhere. Here it stands within one, so its headings are below ours, and what scrolls can be reached.
  const fitIn = () => {
    for (const example of box.querySelectorAll(".example:not([tabindex])")) example.tabIndex = 0; // it scrolls
    for (const choice of box.querySelectorAll("select:not([aria-label])")) choice.setAttribute("aria-label", "Examples");
    for (const table of box.querySelectorAll('table[role="region"]')) table.setAttribute("role", "table");
    for (const [selector, level] of [["h3.opblock-tag", 2], ["h4", 3], ["h5", 4]]) {
      for (const heading of box.querySelectorAll(`${selector}:not([aria-level])`)) {
        heading.setAttribute("role", "heading");
        heading.setAttribute("aria-level", level);
      }
    }
  };
  new MutationObserver(fitIn).observe(box, { childList: true, subtree: true });

  SwaggerUIBundle({
    domNode: box,
    url: box.dataset.schema,
    validatorUrl: null,
    deepLinking: false, // it would put a link into each button
    defaultModelsExpandDepth: 0,
    syntaxHighlight: { activated: false }, // in colours that not everybody can read
    supportedSubmitMethods: [], // reading only: what moves hours is not tried out on a page
    plugins: [{
      wrapComponents: {
        InfoContainer: nothing, authorizeBtn: nothing, authorizeOperationBtn: nothing, ServersContainer: nothing,
      },
    }],
  });
})();
