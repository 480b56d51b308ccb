// The pages that links in mails, and identity providers, lead to. The markup holds every step of a
// page; this script reads the secret of the link, speaks to the API and shows the step that its
// answer calls for.

const API = "/api/v1/auth";
const INVITATION = "/api/v1/invitations/accept";
const ANSWERS_WITHIN_MS = 30_000;

const main = document.querySelector("main");
const form = main.querySelector("form");
const isReturn = main.dataset.page === "signed-in";
const token = takeToken();

/**
 * Take the secret out of the address, so that neither history nor a shared screen keeps it.
 * Identity providers send browsers back with a query, as their protocols have it.
 */
function takeToken() {
  const shown = new URLSearchParams(isReturn ? location.search : location.hash.slice(1));
  const found = shown.get(isReturn ? "code" : "token") ?? "";
  if (location.hash || location.search) {
    history.replaceState(null, "", location.pathname);
  }
  return found;
}

/** Send JSON; an answer without a status is one that never came. */
async function post(path, body, access = "", credentials = "omit") {
  const headers = { "Content-Type": "application/json" };
  if (access) {
    headers.Authorization = `Bearer ${access}`;
  }
  try {
    const response = await fetch(path.startsWith("/api/") ? path : API + path, {
      method: "POST",
      headers,
      body: JSON.stringify(body),
      credentials,
      cache: "no-store",
      redirect: "error",
      signal: AbortSignal.timeout(ANSWERS_WITHIN_MS),
    });
    const wait = Number(response.headers.get("Retry-After"));
    return { status: response.status, ok: response.ok, wait, body: parsed(await response.text()) };
  } catch {
    return { status: 0, ok: false, wait: 0, body: {} };
  }
}

/** A proxy in between may answer in HTML. */
function parsed(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}

function show(step) {
  for (const section of main.querySelectorAll("[data-step]")) {
    section.hidden = section.dataset.step !== step;
  }
}

/** Move on to another step: nothing typed stays behind, and screen readers go along. */
function moveTo(step) {
  form.reset();
  reveal(false);
  show(step);
  main.querySelector(`[data-step="${step}"] h1`).focus();
}

function reveal(isShown) {
  for (const input of form.querySelectorAll("[autocomplete$=password]")) {
    input.type = isShown ? "text" : "password";
  }
}

function setBusy(isBusy) {
  form.setAttribute("aria-busy", String(isBusy));
  for (const button of form.querySelectorAll("button")) {
    button.disabled = isBusy;
  }
}

function clearProblems() {
  refuse("");
  for (const input of form.querySelectorAll("[aria-invalid]")) {
    input.removeAttribute("aria-invalid");
    document.getElementById(`${input.name}-problem`).hidden = true;
  }
}

/** Answers are shown as text only: what an answer quotes must not become markup. */
function refuse(text) {
  for (const place of main.querySelectorAll("[data-refusal]")) {
    place.textContent = text;
  }
}

/** Say what is wrong beside each field; false when a field is none of this form. */
function showProblems(fields) {
  const names = Object.keys(fields);
  if (!names.length || !names.every((name) => document.getElementById(`${name}-problem`))) {
    return false;
  }
  for (const name of names) {
    const place = document.getElementById(`${name}-problem`);
    place.textContent = [fields[name]].flat().join(" ");
    place.hidden = false;
    form.elements[name].setAttribute("aria-invalid", "true");
  }
  form.elements[names[0]].focus();
  return true;
}

function isFilledIn() {
  const empty = [...form.querySelectorAll("[required]")].filter((input) => !input.value);
  return !showProblems(Object.fromEntries(empty.map((input) => [input.name, "Fill this in."])));
}

function explain(answer) {
  if (!answer.status) {
    return "There was no answer. Check your connection, then try again.";
  }
  const { message = `The server could not answer (${answer.status}). Try again later.` } =
    answer.body;
  return answer.wait > 0 ? `${message} Time to wait: ${inWords(answer.wait)}.` : message;
}

function inWords(seconds) {
  const isShort = seconds < 90;
  const count = Math.ceil(isShort ? seconds : seconds / 60);
  return `${count} ${isShort ? "second" : "minute"}${count === 1 ? "" : "s"}`;
}

function showRefusal(answer) {
  if (showProblems(answer.body.details?.fields ?? {})) {
    return;
  }
  refuse(explain(answer));
  if (answer.isFinal ?? answer.status === 401) {
    moveTo("refused");
  }
}

/** Do one thing at a time; ``act`` returns the step it leads to, or the answer that refuses it. */
async function attempt(act) {
  clearProblems();
  setBusy(true);
  const outcome = await act();
  setBusy(false);
  if (typeof outcome === "string") {
    moveTo(outcome);
  } else {
    showRefusal(outcome);
  }
}

async function verify(password) {
  const answer = await post("/verify-email", password ? { token, password } : { token });
  if (!answer.ok) {
    return answer;
  }
  if (answer.body.mfa_required) {
    // The password was right; the person shows the second factor where they sign in.
    return "confirmed";
  }
  if (!answer.body.access) {
    return password ? "mismatched" : "passwordless";
  }
  // The person signs in elsewhere; a session whose tokens nobody keeps would only stand in lists.
  await post("/logout", undefined, answer.body.access);
  return "confirmed";
}

async function setPassword(password) {
  const answer = await post("/password/reset/confirm", { token, password });
  return answer.ok ? "done" : answer;
}

async function requestLink(email) {
  const answer = await post("/password/reset", { email });
  return answer.ok ? "sent" : answer;
}

// What a sign-in by link waits for or has opened. It is kept nowhere else, so it ends with the page.
let pending = "";
let access = "";

async function enter(code) {
  const answer = await (pending ? showFactor(code) : showSecret());
  if (pending && answer.status === 401) {
    // The sign-in still waits, so this is about the code and not about the link.
    form.elements.code.value = "";
    return { ...answer, status: 422, body: { details: { fields: { code: answer.body.message } } } };
  }
  if (!answer.ok) {
    return isReturn && !pending ? { ...answer, isFinal: true } : answer;
  }
  if (answer.body.mfa_required) {
    pending = answer.body.mfa_token;
    askForFactor();
    return "ask";
  }
  access = answer.body.access;
  main.querySelector("[data-person]").textContent = answer.body.user.email;
  return "signed-in";
}

/** A code from an identity provider works in the browser that began there, known by its cookie. */
function showSecret() {
  return isReturn
    ? post("/sso/exchange", { code: token }, "", "same-origin")
    : post("/magic-link/verify", { token });
}

/** Six digits are an app's code, whatever stands between them; anything else is a recovery code. */
function showFactor(shown) {
  const isCode = /^[\d\s-]*$/.test(shown) && shown.replace(/\D/g, "").length === 6;
  return post("/login/mfa", { mfa_token: pending, [isCode ? "code" : "recovery_code"]: shown });
}

function askForFactor() {
  main.querySelector("[data-factor]").hidden = false;
  form.elements.code.required = true;
}

async function signOut() {
  const answer = await post("/logout", undefined, access);
  // A session that has ended already is as good as signed out.
  return answer.ok || answer.status === 401 ? "signed-out" : answer;
}

async function undoChange() {
  const answer = await post("/email/undo", { token });
  return answer.ok ? "restored" : answer;
}

/** Sign in as whoever was invited, accept, and sign out: the person works elsewhere. */
async function acceptInvitation(email, password, code) {
  let entry = await post("/login", { email, password });
  if (entry.body.mfa_required) {
    if (!code) {
      const fields = { code: "Your account asks for a code, or a recovery code." };
      return { status: 422, ok: false, wait: 0, body: { details: { fields } } };
    }
    pending = entry.body.mfa_token;
    entry = await showFactor(code);
  }
  if (!entry.ok) {
    return { ...entry, isFinal: false };
  }
  const answer = await post(INVITATION, { token }, entry.body.access);
  await post("/logout", undefined, entry.body.access);
  return answer.ok ? "accepted" : { ...answer, isFinal: answer.status === 404 };
}

function areAlike(password, again) {
  return password === again || !showProblems({ again: "The two passwords are not the same." });
}

const SUBMIT = {
  "verify-email": ({ password }) => attempt(() => verify(password.value)),
  "set-password": ({ password, again }) =>
    areAlike(password.value, again.value) && attempt(() => setPassword(password.value)),
  "magic-link": ({ code }) => attempt(() => enter(code.value)),
  "signed-in": ({ code }) => attempt(() => enter(code.value)),
  "undo-email": () => attempt(undoChange),
  "accept-invitation": ({ email, password, code }) =>
    attempt(() => acceptInvitation(email.value.trim(), password.value, code.value.trim())),
  "reset-password": ({ email }) => attempt(() => requestLink(email.value.trim())),
};

form.addEventListener("submit", (event) => {
  event.preventDefault();
  clearProblems();
  if (isFilledIn()) {
    SUBMIT[main.dataset.page](form.elements);
  }
});
form
  .querySelector("[data-without-password]")
  ?.addEventListener("click", () => attempt(() => verify("")));
main
  .querySelector("[data-sign-out]")
  ?.addEventListener("click", () => attempt(signOut));
form
  .querySelector("[data-reveal]")
  ?.addEventListener("change", (event) => reveal(event.target.checked));
// Another link pasted over this one changes only the fragment, which loads nothing by itself.
addEventListener("hashchange", () => location.reload());

if (isReturn && token) {
  // Nobody has to press a button: the browser was sent here, and the code is for it alone.
  show("waiting");
  attempt(() => enter(""));
} else {
  show(token || main.dataset.page === "reset-password" ? "ask" : "incomplete");
}
