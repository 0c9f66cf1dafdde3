// Keeps django-unfold's scripts within the content security policy of the staff's pages.
(() => {
  "use strict";

  // htmx would add a style element, and evaluate code found in attributes.
  Object.assign(window.htmx.config, { includeIndicatorStyles: false, allowEval: false, allowScriptTags: false });

  // Alpine writes style attributes as text, which the policy refuses. The same through the
  // style object is allowed.
  const setAttribute = Element.prototype.setAttribute;
  Element.prototype.setAttribute = function (name, value) {
    if (name === "style") {
      this.style.cssText = value;
    } else {
      setAttribute.call(this, name, value);
    }
  };
})();
