// Keeps the live parts of the Resilience page current: fetches the same page every few seconds and
// puts its parts in place of the old ones. Forms are no live part, so nothing typed is lost.

const EVERY_MS = 5_000;
const ANSWERS_WITHIN_MS = 10_000;

const note = document.getElementById("refresh-note");
let timer = 0;
let isUnderWay = false;
let seenAt = "";

/** Say it once: a status that is written again is read aloud again. */
function tell(text, { isProblem = false } = {}) {
  if (note.textContent !== text) {
    note.textContent = text;
  }
  note.classList.toggle("problem", isProblem);
}

function complain(text) {
  tell(`${text} Shown is what was known at ${seenAt}.`, { isProblem: true });
}

/** Fetch the page; null, and a word about it, when there is none to be had. */
async function fetchPage() {
  try {
    const response = await fetch("?refresh", {
      cache: "no-store",
      redirect: "manual",
      signal: AbortSignal.timeout(ANSWERS_WITHIN_MS),
    });
    // Whoever is signed out is led to the sign-in page.
    if (response.type === "opaqueredirect" || response.status === 403) {
      complain("You are signed out, or may not see this page any more.");
      return null;
    }
    if (!response.ok) {
      complain(`The server could not answer (${response.status}); trying again.`);
      return null;
    }
    return new DOMParser().parseFromString(await response.text(), "text/html");
  } catch {
    complain("The server cannot be reached; trying again.");
    return null;
  }
}

/** Leave alone what did not change, so that a selection or an open list stays. */
function renew(page) {
  for (const part of document.querySelectorAll("[data-live]")) {
    const fresh = page.getElementById(part.id);
    if (!fresh || part.innerHTML === fresh.innerHTML || part === document.activeElement) {
      continue;
    }
    const chosen = part.value;
    part.replaceChildren(...fresh.childNodes);
    if (part instanceof HTMLSelectElement) {
      part.value = chosen;
    }
  }
}

function readTime() {
  seenAt = document.querySelector("#verdict .seen time")?.dateTime ?? seenAt;
}

async function refresh() {
  if (isUnderWay) {
    return;
  }
  isUnderWay = true;
  const page = await fetchPage();
  isUnderWay = false;
  if (page) {
    renew(page);
    readTime();
    tell("Refreshes every five seconds.");
  }
  schedule();
}

function schedule() {
  clearTimeout(timer);
  if (!document.hidden) {
    timer = setTimeout(refresh, EVERY_MS);
  }
}

// Nobody looks at a hidden tab; one that is shown again is stale.
document.addEventListener("visibilitychange", () => (document.hidden ? schedule() : refresh()));

readTime();
tell("Refreshes every five seconds.");
schedule();
