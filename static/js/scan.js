// The camera looks for a payment request's QR code and opens what it asks for.
//
// The browser's own BarcodeDetector where it has one; else a decoder that is fetched when the camera
// is first used. No picture leaves the phone.
(() => {
  "use strict";

  const LOOK_MS = 120;
  const LARGEST_SIDE = 720; // pixels looked at: more takes longer and finds no more
  const WHY = { // what the browser says, and what we say of it
    NotAllowedError: "denied", SecurityError: "denied",
    NotFoundError: "none", NotSupportedError: "none", OverconstrainedError: "none",
  };
  const box = document.querySelector("[data-scan]");
  const video = box.querySelector("video");
  const said = box.querySelector("[data-said]");
  const start = box.querySelector("[data-start]");
  const stop = box.querySelector("[data-stop]");
  const sites = [location.origin, new URL(box.dataset.site).origin];
  let stream = null;
  let looking = null;

  const say = (what) => { said.textContent = said.dataset[what]; };

  // Where the code leads on this page's own site; null for what is none of ours.
  const ours = (text) => {
    let address;
    try {
      address = new URL(text.trim());
    } catch {
      return null;
    }
    if (!sites.includes(address.origin)) return null;
    const found = /^\/(p|pay-me)\/([A-Za-z0-9]{1,35})\/?$/.exec(address.pathname);
    return found && `/${found[1]}/${found[2]}${found[1] === "p" ? "" : "/"}`;
  };

  // --- Decoding ---

  async function ownDetector() {
    if (!("BarcodeDetector" in window)) return null;
    const formats = await BarcodeDetector.getSupportedFormats().catch(() => []);
    if (!formats.includes("qr_code")) return null;
    const detector = new BarcodeDetector({ formats: ["qr_code"] });
    return async () => (await detector.detect(video))[0]?.rawValue ?? null;
  }

  async function fetchedDetector() {
    const { default: decode } = await import(box.dataset.decoder);
    const canvas = document.createElement("canvas");
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    return async () => {
      const shrunk = Math.min(1, LARGEST_SIDE / Math.max(video.videoWidth, video.videoHeight));
      canvas.width = Math.round(video.videoWidth * shrunk);
      canvas.height = Math.round(video.videoHeight * shrunk);
      pen.drawImage(video, 0, 0, canvas.width, canvas.height);
      const { data, width, height } = pen.getImageData(0, 0, canvas.width, canvas.height);
      try {
        return decode({ data, width, height });
      } catch {
        return null; // no code in this picture
      }
    };
  }

  async function look(detect) {
    if (!stream) return;
    let text = null;
    if (video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) {
      try {
        text = await detect();
      } catch {
        text = null;
      }
    }
    if (!stream) return;
    if (text === null) {
      looking = setTimeout(look, LOOK_MS, detect);
      return;
    }
    const address = ours(text);
    if (address) {
      say("found");
      navigator.vibrate?.(60);
      end();
      location.assign(address);
      return;
    }
    say("other");
    looking = setTimeout(look, LOOK_MS * 5, detect);
  }

  // --- The camera ---

  async function begin() {
    start.hidden = true;
    try {
      stream = await navigator.mediaDevices.getUserMedia({
        video: { facingMode: "environment", width: { ideal: 1280 }, height: { ideal: 720 } }, audio: false,
      });
    } catch (error) {
      say(WHY[error.name] ?? "taken");
      start.hidden = false;
      return;
    }
    video.srcObject = stream;
    video.hidden = false;
    box.classList.add("is-looking");
    stop.hidden = false;
    say("looking");
    await video.play().catch(() => {});
    let detect;
    try {
      detect = (await ownDetector()) ?? (await fetchedDetector());
    } catch { // it could not be fetched
      end();
      say("broken");
      return;
    }
    look(detect);
  }

  function end() {
    clearTimeout(looking);
    for (const track of stream?.getTracks() ?? []) track.stop();
    stream = null;
    video.srcObject = null;
    video.hidden = true;
    box.classList.remove("is-looking");
    stop.hidden = true;
    start.hidden = false;
  }

  if (!window.isSecureContext) {
    say("insecure");
    return;
  }
  if (!navigator.mediaDevices?.getUserMedia) {
    say("none");
    return;
  }
  say("ask");
  start.hidden = false;
  start.addEventListener("click", begin);
  stop.addEventListener("click", () => {
    end();
    say("ask");
  });
  addEventListener("pagehide", () => stream && end());
})();
