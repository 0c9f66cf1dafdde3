// Keeps the page up to date: one socket, resumed from the last number seen.
//
// Each frame becomes a DOM event of its type on <body> (detail: the frame); elements that show what
// changed listen to it and fetch themselves anew. Frames that are lines of the inbox also cause
// "inbox-changed", and after the connection was gone "live-caught-up" says that all may be old.
// "live-over" says that she is signed out here, or suspended.
// [data-watch] names a payment request by its txid: what happens to it becomes such an event too, and
// "live-watching" says that from now on nothing of it is missed.
// While there is no socket the page asks by HTTP. Where [data-offline] is it says so, and since when
// what it shows may be old.
(() => {
  "use strict";

  const body = document.body;
  if (!body || body.dataset.liveSeq === undefined || !("WebSocket" in window)) return;

  const PING_MS = 25_000;
  const ANSWER_MS = 10_000;
  const NOTICE_MS = 2_000;
  const FIRST_POLL_MS = 1_500;
  const FIRST_PAUSE_MS = 500;
  const LONGEST_PAUSE_MS = 30_000;
  const SESSION_ENDED = 4401;
  const SUSPENDED = 4403;
  const sinceUrl = body.dataset.liveSince || "/notifications/since/";
  const unreadUrl = body.dataset.liveUnread || "/notifications/unread/";
  const clock = new Intl.DateTimeFormat(document.documentElement.lang, {
    timeZone: body.dataset.liveZone || undefined, hour: "2-digit", minute: "2-digit", hourCycle: "h23",
  });

  let seq = Number(body.dataset.liveSeq) || 0;
  let freshAt = Date.now(); // when what is shown was last known to be all there is
  let socket = null;
  let over = false; // there is nobody signed in any more: nothing to hear
  let away = false; // the page is hidden in the browser's memory
  let wasLost = false;
  let offline = false; // the browser said so
  let tries = 0;
  let polled = 0; // answers in a row while there is no socket
  const timers = {};

  function later(name, milliseconds, work) {
    clearTimeout(timers[name]);
    timers[name] = setTimeout(work, milliseconds);
  }

  function never(...names) {
    for (const name of names) clearTimeout(timers[name]);
  }

  const jittered = (milliseconds) => milliseconds * (0.5 + Math.random() / 2);

  function announce(name, detail) {
    body.dispatchEvent(new CustomEvent(name, { detail, bubbles: true }));
  }

  // --- What arrives -------------------------------------------------------------------------

  // What pages watch beside their reader's own events: payment requests, by their txid.
  function watch(root) {
    if (socket?.readyState !== WebSocket.OPEN || body.dataset.live !== "on") return;
    for (const watching of root.querySelectorAll("[data-watch]")) socket.send(JSON.stringify({ watch: watching.dataset.watch }));
  }

  function hear(frame) {
    if (frame.seq === undefined) { // of what is watched
      announce(frame.type === "watching" ? "live-watching" : frame.type, frame);
      return;
    }
    if (!(frame.seq > seq)) return; // heard before, by socket or by asking
    seq = frame.seq;
    announce(frame.type, frame);
    if (frame.in_inbox) announce("inbox-changed", frame);
  }

  function said(text) {
    let frame;
    try {
      frame = JSON.parse(text);
    } catch {
      return;
    }
    never("answer");
    freshAt = Date.now();
    if (frame.type === "hello") greet(frame);
    else if (frame.type === "pong") foundAgain();
    else hear(frame);
  }

  function greet(hello) {
    const mustLookAnew = wasLost || !hello.whole;
    seq = hello.seq;
    tries = 0;
    wasLost = false;
    never("poll");
    body.dataset.live = "on";
    foundAgain();
    watch(document);
    if (mustLookAnew) announce("live-caught-up", { seq });
  }

  // --- The socket ---------------------------------------------------------------------------

  function connect() {
    if (over || away || offline || socket) return;
    never("connect");
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const mine = (socket = new WebSocket(`${scheme}//${location.host}/ws/live/`));
    later("answer", ANSWER_MS, () => mine === socket && mine.close());
    mine.onopen = () => {
      if (mine === socket) mine.send(JSON.stringify({ since: seq }));
      else mine.close();
    };
    mine.onmessage = (message) => {
      if (mine !== socket) return;
      said(message.data);
      later("ping", PING_MS, ping);
    };
    mine.onclose = (event) => {
      if (mine === socket) lost(event.code);
    };
  }

  function ping() {
    const mine = socket;
    if (!mine || mine.readyState !== WebSocket.OPEN) return;
    mine.send('{"ping": 1}');
    // A socket whose network is gone does not close by itself for minutes.
    later("answer", ANSWER_MS, () => {
      if (mine !== socket) return;
      mine.close();
      lost(0);
    });
  }

  function lost(code) {
    socket = null;
    never("ping", "answer");
    if (code === SESSION_ENDED || code === SUSPENDED) {
      stop(code === SUSPENDED);
      return;
    }
    if (!wasLost) {
      wasLost = true;
      polled = 0;
      later("poll", FIRST_POLL_MS, poll);
      later("notice", NOTICE_MS, showNotice);
    }
    body.dataset.live = "off";
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** tries, LONGEST_PAUSE_MS);
    tries += 1;
    if (!offline) later("connect", jittered(pause), connect);
  }

  function stop(isSuspended = false) {
    over = true;
    never(...Object.keys(timers));
    hideNotice();
    body.dataset.live = "over";
    if (socket) socket.close();
    announce("live-over", { isSuspended });
  }

  // --- Asking, while there is no socket -------------------------------------------------------

  async function poll() {
    if (over || away || socket?.readyState === WebSocket.OPEN) return;
    later("poll", 15_000 + Math.random() * 15_000, poll);
    if (offline) return;
    try {
      const answer = await fetch(`${sinceUrl}?since=${seq}`, { credentials: "same-origin", cache: "no-store" });
      if (answer.status === 401) return stop();
      if (!answer.ok) throw new Error(String(answer.status));
      const missed = await answer.json();
      freshAt = Date.now();
      missed.frames.forEach(hear);
      seq = Math.max(seq, missed.seq);
      if (!missed.whole) announce("live-caught-up", { seq });
      polled += 1;
      if (polled > 1) hideNotice(); // sockets are blocked on the way here; this works, only slower
    } catch {
      polled = 0;
      if (wasLost) showNotice();
    }
  }

  // --- Saying so ------------------------------------------------------------------------------

  const retryButtons = () => document.querySelectorAll("[data-try-again]");

  function showNotice() {
    for (const time of document.querySelectorAll("[data-offline-since]")) time.textContent = clock.format(freshAt);
    for (const notice of document.querySelectorAll("[data-offline]")) notice.hidden = false;
  }

  function hideNotice() {
    never("notice");
    for (const notice of document.querySelectorAll("[data-offline]")) notice.hidden = true;
  }

  function foundAgain() {
    offline = false;
    notTrying();
    hideNotice();
  }

  function notTrying() {
    for (const button of retryButtons()) button.removeAttribute("aria-busy");
  }

  function tryAgain(button) {
    button.setAttribute("aria-busy", "true");
    later("trying", 2_000, notTrying); // long enough to be seen, however fast it fails
    offline = false;
    tries = 0;
    if (socket) ping();
    else connect();
    poll();
  }

  for (const button of retryButtons()) button.addEventListener("click", () => tryAgain(button));

  async function refreshUnread() {
    const badges = document.querySelectorAll("[data-unread]");
    if (!badges.length || over) return;
    try {
      const answer = await fetch(unreadUrl, { credentials: "same-origin", cache: "no-store" });
      if (!answer.ok) return;
      const html = await answer.text();
      for (const badge of badges) badge.innerHTML = html;
    } catch {
      // The next event or the next page shows it.
    }
  }

  const unreadSoon = () => later("unread", 150, refreshUnread);
  body.addEventListener("inbox-changed", unreadSoon);
  body.addEventListener("live-caught-up", unreadSoon);

  // --- What the browser tells us ----------------------------------------------------------------

  // Only the change counts: a page on this very machine loads well without any network.
  window.addEventListener("offline", () => {
    offline = true;
    never("connect");
    showNotice();
  });

  window.addEventListener("online", () => {
    offline = false;
    tries = 0;
    if (socket) ping();
    else connect();
  });

  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "visible") return;
    tries = 0;
    if (socket) ping();
    else connect();
  });

  window.addEventListener("pagehide", () => {
    away = true;
    never(...Object.keys(timers));
    const mine = socket;
    socket = null;
    if (mine?.readyState === WebSocket.OPEN) mine.close(); // one that is just connecting would complain
  });

  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    away = false;
    wasLost = true; // what is shown may be old
    connect();
  });

  connect();
})();
