// The button of the second step that asks the browser for a passkey, and sends what it answers with
// the form. Browsers that cannot do it never show the button.

const button = document.getElementById("use-passkey");
const note = document.getElementById("passkey-note");
const form = document.getElementById("login-form");
const options = JSON.parse(document.getElementById("passkey-options").textContent);

async function use() {
  button.disabled = true;
  note.textContent = "";
  try {
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
    const credential = await navigator.credentials.get({ publicKey });
    form.elements.passkey.value = JSON.stringify(credential.toJSON());
    // Not requestSubmit: the code need not be typed.
    form.submit();
  } catch {
    note.textContent = "No passkey was used. Try again, or type a code.";
    button.disabled = false;
  }
}

if (window.PublicKeyCredential?.parseRequestOptionsFromJSON) {
  button.hidden = false;
  button.addEventListener("click", use);
}
