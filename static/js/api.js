// What the API can do, drawn from its own schema; nothing is asked of anybody else.
(() => {
  "use strict";

  const box = document.querySelector("#api");
  SwaggerUIBundle({
    domNode: box,
    url: box.dataset.schema,
    validatorUrl: null,
    deepLinking: true,
    defaultModelsExpandDepth: 0,
    supportedSubmitMethods: [], // reading only: what moves hours is not tried out on a page
  });
})();
