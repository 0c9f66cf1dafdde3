// The open page of an exchange: follows what happens without taking away what is being written.
//
// Every answer brings all parts of the page. A part is put in its place only where it says something new
// (data-version), and never while something is being written in it, unless it answers that very form
// (data-answers). New lines of the thread are added to those that are there, so that a screen reader hears only them.
(() => {
  "use strict";

  // --- First lines to tap -------------------------------------------------------------------------

  const showOpenings = (where) => where.querySelectorAll("[data-openings]").forEach((box) => { box.hidden = false; });
  showOpenings(document);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-opening]");
    const words = button && document.querySelector(button.dataset.opening);
    if (!words) return;
    words.value = [words.value.trim(), button.textContent.trim()].filter(Boolean).join(" ");
    words.focus();
  });

  const page = document.querySelector("[data-exchange]");
  if (!page) return;

  // --- Parts --------------------------------------------------------------------------------------

  const isTouched = (control) => {
    if (control.type === "hidden" || control.type === "submit") return false;
    if (control.type === "file") return control.files.length > 0;
    if (control.type === "radio" || control.type === "checkbox") return control.checked !== control.defaultChecked;
    return control.value !== control.defaultValue;
  };
  const isBeingWritten = (part) => [...part.querySelectorAll("input, textarea")].some(
    (control) => control === document.activeElement || isTouched(control));

  const keepPart = (part, fresh) => {
    if ("answers" in fresh.dataset) return false;
    if (part.dataset.version === fresh.dataset.version && !fresh.querySelector("[data-answers]")) return true;
    if (!isBeingWritten(part)) return false;
    if (fresh.querySelector("[data-piece]")) putPieces(part, fresh);
    else showNotice(part, "[data-outdated]");
    return true;
  };

  const showNotice = (where, which) => {
    const notice = where.querySelector(which);
    if (notice) notice.hidden = false;
  };

  // The pieces of a part, but for those something is being written in; one that should go away says so and stays.
  const putPieces = (part, fresh) => {
    part.dataset.version = fresh.dataset.version;
    for (const here of part.querySelectorAll("[data-piece]")) {
      if (fresh.querySelector(`#${here.id}`)) continue;
      if (isBeingWritten(here)) showNotice(here, "[data-overtaken]");
      else here.remove();
    }
    for (const piece of fresh.querySelectorAll("[data-piece]")) {
      const here = part.querySelector(`#${piece.id}`);
      if (here && !("answers" in piece.dataset) && isBeingWritten(here)) continue;
      if (here) here.replaceWith(piece);
      else part.append(piece);
      htmx.process(piece);
      htmx.trigger(piece, "htmx:load");
    }
  };

  // Asked for, what was begun in a part that is outdated is given up; what is written elsewhere stays.
  page.addEventListener("click", (event) => {
    const link = event.target.closest("[data-show-now]");
    if (!link) return;
    event.preventDefault();
    const part = link.closest("[data-part]");
    for (const control of part.querySelectorAll("input, textarea")) control.value = control.defaultValue;
    htmx.trigger(follow, "look-anew");
  });

  // What was wrong with a message is not said of the next one.
  page.addEventListener("input", (event) => {
    const field = event.target.closest("#composer .field");
    if (!field || event.target.getAttribute("aria-invalid") !== "true") return;
    event.target.removeAttribute("aria-invalid");
    event.target.removeAttribute("aria-describedby");
    for (const said of event.target.form.querySelectorAll(".error")) said.remove();
  });

  // --- The thread ---------------------------------------------------------------------------------

  const log = page.querySelector("[data-log]");
  const isAtTheEnd = () => log.scrollHeight - log.scrollTop - log.clientHeight < 80;
  const goToTheEnd = () => { log.scrollTop = log.scrollHeight; };
  goToTheEnd();

  const addLines = (list, fresh) => {
    const follows = isAtTheEnd();
    let last = null;
    for (const line of [...fresh.children]) {
      const here = document.getElementById(line.id);
      if (here && list.contains(here)) last = here;
      else {
        if (last) last.after(line);
        else list.append(line);
        last = line;
      }
    }
    if (follows) goToTheEnd();
  };

  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const part = event.detail.target;
    const fresh = event.detail.fragment.firstElementChild;
    if (part.id === "chat") {
      event.detail.shouldSwap = false;
      addLines(part, fresh);
    } else if ("part" in part.dataset && keepPart(part, fresh)) {
      event.detail.shouldSwap = false;
    }
  });
  document.addEventListener("htmx:load", (event) => showOpenings(event.detail.elt));

  // --- Asking and answering -------------------------------------------------------------------------

  // Nobody has read what came while the page was out of sight: it is asked for when she looks again. While a form of
  // hers is on its way nothing is taken from under it: the page asks once it is answered.
  const follow = page.querySelector("[data-follow]");
  const sending = new Set();
  const isSending = () => [...sending].some((form) => form.isConnected);
  let isAsking = false;
  let isStale = false;
  let isBehind = false;
  const catchUp = () => {
    if (!isBehind || document.hidden || isSending()) return;
    isBehind = false;
    htmx.trigger(follow, "look-anew");
  };
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.elt !== follow) {
      sending.add(event.detail.elt);
      if (isAsking) isBehind = isStale = true; // what it brings may be older than the answer to the form
    } else if (document.hidden || isSending()) {
      event.preventDefault();
      isBehind = true;
    } else {
      isAsking = true;
    }
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const from = event.detail.requestConfig.elt; // the element itself may be gone
    if (from === follow) isAsking = isStale = false;
    sending.delete(from);
    delete from.dataset.sending;
    catchUp();
  });
  document.addEventListener("visibilitychange", catchUp);

  document.addEventListener("htmx:beforeSwap", (event) => {
    if (isStale && event.detail.requestConfig.elt === follow) event.detail.shouldSwap = false;
  });

  // A refusal says how things really are, and why: it is put in place like any other answer.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (![403, 409, 429].includes(event.detail.xhr.status)) return;
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  });

  // Signed out, or suspended: nothing more can be sent, and it is said where she looks.
  const sayOver = (isSuspended, signIn) => {
    const notice = page.querySelector("[data-over]");
    if (signIn) notice.querySelector("[data-signed-out] a").href = signIn; // it has what she wrote
    if (!notice.hidden) return;
    notice.querySelector("[data-signed-out]").hidden = isSuspended;
    notice.querySelector("[data-suspended]").hidden = !isSuspended;
    notice.hidden = false;
    notice.scrollIntoView({ block: "nearest" });
    for (const button of page.querySelectorAll("[type=submit]")) button.disabled = true;
  };
  document.addEventListener("live-over", (event) => sayOver(event.detail.isSuspended));

  const sayNotSent = (event) => {
    if (event.detail.xhr.status === 401) sayOver(false, event.detail.xhr.getResponseHeader("X-Sign-In"));
    else if (event.detail.elt !== follow) showNotice(page, "[data-not-sent]");
  };
  document.addEventListener("htmx:sendError", sayNotSent);
  document.addEventListener("htmx:responseError", sayNotSent);
})();
