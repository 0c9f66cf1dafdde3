// Finding and choosing a neighbour, or several.
(() => {
  "use strict";

  const words = document.getElementById("q");
  const people = document.getElementById("people");
  const isOfSeveral = "several" in people.dataset; // checkboxes: nobody makes room for the rest, for one more may follow
  const chosen = () => people.querySelector("input[type=radio]:checked");
  const allChosen = () => [...people.querySelectorAll("input:checked")].map((choice) => choice.value);
  let settledOn = null; // whom she chose last, until she looks for somebody else
  let isAskedFor = false; // Enter was pressed: the only one found is the one meant
  let isByHand = false; // arrow keys choose on their way past, so only a pointer settles at once

  // One is chosen: the others make room for the rest of the form, a button brings them back.
  const settle = () => {
    const choice = chosen();
    if (!choice) return;
    settledOn = choice.value;
    const others = people.querySelectorAll("input[type=radio]").length > 1;
    people.firstElementChild.classList.toggle("settled", others);
    people.querySelector("[data-others]").hidden = !others;
  };

  const sayMended = () => people.firstElementChild.dispatchEvent(new CustomEvent("mended", { bubbles: true }));

  const unfold = () => {
    people.firstElementChild.classList.remove("settled");
    people.querySelector("[data-others]").hidden = true;
    settledOn = null;
  };

  people.addEventListener("pointerdown", () => { isByHand = true; });
  people.addEventListener("keydown", () => { isByHand = false; });
  people.addEventListener("change", sayMended);
  people.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !people.contains(event.relatedTarget) && event.relatedTarget !== words) settle();
  });
  people.addEventListener("click", (event) => {
    if (event.target.closest("[data-others]")) {
      unfold();
      chosen().focus();
    } else if (event.target.matches("input[type=radio]") && isByHand) {
      settle();
    }
  });

  // Enter looks for the words; it does not send the form.
  words.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    isAskedFor = words.value.trim() !== "";
    htmx.trigger(words, "search");
  });
  words.addEventListener("input", () => {
    settledOn = null;
    isAskedFor = false;
  });

  // Whoever is chosen while an older search is still under way stays chosen: the answer, asked for
  // without her, would put a list in place in which nobody is. So the question is asked anew.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { target, requestConfig } = event.detail;
    if (target.id !== "people") return;
    const now = allChosen();
    const asked = requestConfig.formData.getAll("to");
    // (Of several the answer would also bring back whoever is not chosen any more.)
    if (isOfSeveral ? now.join() === asked.join() : !now.length || now[0] === asked[0]) return;
    event.detail.shouldSwap = false;
    htmx.trigger(words, "search");
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id !== "people") return;
    const found = people.querySelectorAll(isOfSeveral ? "#found input" : "input[type=radio]");
    if (isAskedFor && found.length === 1) {
      found[0].checked = true;
      settle();
      sayMended();
      if (isOfSeveral) words.select(); // the next name takes its place
    } else if (chosen() && chosen().value === settledOn) {
      settle();
    }
    isAskedFor = false;
  });

  settle();
})();
