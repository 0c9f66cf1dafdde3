// What a script knows to be mended is no longer called wrong: dispatch "mended" on the control.
(() => {
  "use strict";

  document.addEventListener("mended", ({ target }) => {
    const error = document.getElementById(`${target.id}-e`);
    if (!error) return;
    error.remove();
    target.removeAttribute("aria-invalid");
    const described = (target.getAttribute("aria-describedby") ?? "").split(" ").filter((id) => id !== error.id);
    if (described.join("")) target.setAttribute("aria-describedby", described.join(" "));
    else target.removeAttribute("aria-describedby");
    // The summary counts its lines, so it goes with the last of them.
    const summary = document.querySelector(".errors");
    const fields = [...(summary?.querySelectorAll("li") ?? [])].map((line) => line.querySelector("a")?.hash.slice(1));
    if (summary && fields.every((id) => id && !document.getElementById(`${id}-e`))) summary.remove();
  });
})();
