// An amount of time in steps: buttons beside a text field that works without them.
(() => {
  "use strict";

  // --- Reading: the grammar of timebank/durations.py, in whole numbers, never rounded ---

  const LONGEST_TEXT = 60;
  const MOST_MINUTES = 1000000000n;
  const CLEARLY_MINUTES = 15n;
  const WORDS = {
    minutes: ["m", "min", "mins", "minute", "minutes", "minuto", "minutos"],
    hours: ["h", "hs", "hr", "hrs", "hour", "hours", "hora", "horas"],
    days: ["d", "day", "days", "dia", "dias"],
  };
  const SMALLEST_FIRST = Object.keys(WORDS);
  const UNITS = new Map(SMALLEST_FIRST.flatMap((unit) => WORDS[unit].map((word) => [word, unit])));
  const CLOCK = /^([0-9]+):([0-9]{2})(?: ?h)?$/;
  const PART = / ?(?:(?:and|e) )?([0-9]+)(?:[.,]([0-9]+))?(?: ?([a-z]+)\.?)?/y;

  const partAt = (text, at) => {
    PART.lastIndex = at;
    return PART.exec(text);
  };

  const inNumbers = (text) => (/^(?:meia hora|half (?:an? )?hour)$/.test(text) ? "30 min" : text)
    .replace(/^(?:uma?|an?|one) (?=[a-z])/, "1 ")
    .replace(/^(.*[0-9] ?(?:h|horas?|hours?)) (?:e meia|and a half)$/, "$1 30 min")
    .replace(/^([0-9]+)( ?(?:d|dias?|days?)) (?:e meio|and a half)$/, "$1.5$2");

  // A number as minutes, kept as a fraction; null where the server would ask about its mark.
  const number = (found, unit, dayMinutes) => {
    const decimals = found[2] ?? "";
    const over = BigInt(found[1] + decimals) * { minutes: 1n, hours: 60n, days: dayMinutes }[unit];
    const under = 10n ** BigInt(decimals.length);
    const isThousands = decimals.length === 3 && BigInt(found[1]) > 0n && (over % under === 0n || unit === "minutes");
    return isThousands ? null : { over, under };
  };

  const parts = (text, dayMinutes) => {
    let total = { over: 0n, under: 1n };
    let last = null;
    for (let at = 0; at < text.length; at = PART.lastIndex) {
      const found = total.under === 1n ? partAt(text, at) : null;
      if (!found) return null;
      const unit = found[3] === undefined && last === "hours" ? "minutes" : UNITS.get(found[3]);
      if (!unit || (last && SMALLEST_FIRST.indexOf(unit) >= SMALLEST_FIRST.indexOf(last))) return null;
      if (last === "hours" && BigInt(found[1]) > 59n) return null;
      const amount = number(found, unit, dayMinutes);
      if (!amount) return null;
      total = { over: total.over * amount.under + amount.over, under: amount.under };
      last = unit;
    }
    return total;
  };

  // What the text means to whom is told amounts in `units`: { minutes }; { meant } with its readings for a small
  // number without a unit, where that has to be asked; null for what the server would refuse otherwise.
  const read = (typed, units, dayMinutes) => {
    let text = typed.trim();
    if (!text || text.length > LONGEST_TEXT) return null;
    text = inNumbers(text.replace(/\s+/g, " ").toLowerCase());
    let amount;
    const clock = CLOCK.exec(text);
    const bare = partAt(text, 0);
    if (clock) {
      amount = Number(clock[2]) < 60 ? { over: BigInt(clock[1]) * 60n + BigInt(clock[2]), under: 1n } : null;
    } else if (bare && bare[0] === text && bare[3] === undefined && /^[0-9]/.test(text)) {
      const isAsked = units === "hours";
      amount = number(bare, isAsked ? "minutes" : units, dayMinutes);
      if (isAsked && amount && amount.over > 0n && amount.over < CLEARLY_MINUTES * amount.under) {
        const meant = [`${text} h`, `${text} min`].filter((reading) => read(reading, units, dayMinutes)?.minutes);
        if (meant.length) return { meant };
      }
    } else {
      amount = parts(text, dayMinutes);
    }
    if (!amount || amount.over === 0n || amount.over % amount.under) return null;
    const minutes = amount.over / amount.under;
    return minutes < MOST_MINUTES ? { minutes: Number(minutes) } : null;
  };

  const SIGNS = { days: "d", hours: "h", minutes: "min" };

  // With no unit larger than `largest`, as the server says it.
  const inWords = (minutes, largest, dayMinutes) => {
    let left = BigInt(minutes);
    const said = [];
    for (const unit of SMALLEST_FIRST.slice(0, SMALLEST_FIRST.indexOf(largest) + 1).reverse()) {
      const size = { minutes: 1n, hours: 60n, days: dayMinutes }[unit];
      if (left / size) said.push(`${left / size} ${SIGNS[unit]}`);
      left %= size;
    }
    return said.join(" ") || "0 min";
  };

  // --- Stepping ---

  // The next whole step in that direction: 20 min goes to 30 or 15, not to 35 or 5; up to the most there is.
  const stepped = (now, by, most) => {
    const step = Math.abs(by);
    if (by > 0) return Math.min(Math.floor(now / step) * step + step, most);
    return Math.min(now || step, Math.max(step, Math.ceil(now / step) * step - step));
  };

  const enliven = (box) => {
    const input = box.querySelector("input");
    const status = box.querySelector("[data-left]");
    const readings = box.querySelector("[data-readings]");
    const quick = box.querySelector("[data-set-to]");
    const more = box.querySelector("[data-by='15']");
    const dayMinutes = BigInt(box.dataset.day);
    const isLimited = "available" in box.dataset;
    const most = () => (isLimited ? Math.max(Number(box.dataset.available), 0) : Infinity);
    const readHere = () => read(input.value, box.dataset.units, dayMinutes);
    const words = (minutes) => inWords(minutes, box.dataset.units, dayMinutes);
    const said = (minutes) => words(minutes).replaceAll(" ", "\u00a0"); // on one line
    box.querySelectorAll("[data-by], [data-set-to]").forEach((tool) => { tool.hidden = false; });

    // The answers stand where the quick picks stood, so nothing moves away from under a finger.
    const show = (texts) => {
      readings.replaceChildren(...texts.map((text) => {
        const button = document.createElement("button");
        return Object.assign(button, { className: "chip", type: "button", value: text, textContent: text });
      }));
      readings.hidden = texts.length === 0;
      const picks = [...quick.children];
      for (const pick of picks) pick.hidden = Number(pick.dataset.set) > most();
      quick.hidden = texts.length > 0 || picks.every((pick) => pick.hidden);
    };

    const sayTheMost = () => { status.textContent = status.dataset.most.replace("{most}", said(most())); };

    const sayWhatIsLeft = () => {
      const minutes = readHere()?.minutes;
      const isGood = minutes <= most();
      more.setAttribute("aria-disabled", String(minutes >= most()));
      if (isGood && !isLimited) status.textContent = "";
      else if (isGood) status.textContent = status.dataset.left.replace("{left}", said(most() - minutes));
      else if (minutes) sayTheMost();
      else status.textContent = "";
      return isGood;
    };

    const askWhich = (meant) => {
      show(meant);
      const number = input.value.trim();
      status.textContent = meant.length === 1 ? `${meant[0]}?` : status.dataset.which.replaceAll("{number}", number);
    };

    const follow = () => {
      show([]);
      if (sayWhatIsLeft()) input.dispatchEvent(new CustomEvent("mended", { bubbles: true }));
    };

    const set = (text) => {
      input.value = text;
      follow();
    };

    const step = (by) => {
      const now = readHere();
      if (now?.meant) {
        askWhich(now.meant);
        readings.querySelector("button")?.focus(); // one press from here answers
      } else if (by > 0 && (now?.minutes ?? 0) >= most()) {
        sayTheMost();
      } else if (now || !input.value.trim()) {
        set(words(stepped(now?.minutes ?? 0, by, most())));
      } else {
        status.textContent = status.dataset.unclear; // what cannot be read stays as it is
        input.focus();
      }
    };

    const answer = (text) => {
      set(text);
      input.focus(); // the button that had the focus is gone
    };

    box.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      if (button.dataset.by) step(Number(button.dataset.by));
      else if (button.dataset.set) set(words(Number(button.dataset.set)));
      else answer(button.value);
    });
    input.addEventListener("input", follow);
    // Leaving the field asks, unless it is left for a button here, which must not vanish under the press.
    let isPressed = false;
    box.addEventListener("pointerdown", (event) => { isPressed = Boolean(event.target.closest("button")); });
    input.addEventListener("change", () => {
      const meant = readHere()?.meant;
      if (meant && !isPressed) askWhich(meant);
    });
    addEventListener("pointerup", () => { isPressed = false; });
    // The line that says how much there is follows the account; a question that waits for its answer stays.
    if (isLimited) document.addEventListener("htmx:load", ({ detail: { elt } }) => {
      if (elt.id !== "up-to") return;
      box.dataset.available = elt.dataset.available;
      if (readings.hidden) sayWhatIsLeft();
    });
    show([...readings.querySelectorAll("button")].map((button) => button.value));
    sayWhatIsLeft();
  };

  const enlivenAll = (where) => where.querySelectorAll("[data-stepper]:not([data-enlivened])").forEach((box) => {
    box.dataset.enlivened = "";
    enliven(box);
  });
  enlivenAll(document);
  document.addEventListener("htmx:load", (event) => enlivenAll(event.detail.elt)); // what htmx put in
  // What only stands in for a script: out of sight, and no longer what Enter presses.
  document.querySelectorAll("[data-without-js]").forEach((button) => {
    button.type = "button";
    button.hidden = true;
  });
})();
