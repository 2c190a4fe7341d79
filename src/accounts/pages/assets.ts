// The style sheet and the one script of the pages. Colours and measures are variables, which a theme of the operator
// (`accounts.pages.theme`) may set anew. The script does what only a script can: it asks the browser for a passkey.

export const styleSheet = `:root {
  color-scheme: light dark;
  --page: light-dark(#f4f5f7, #14161a);
  --card: light-dark(#ffffff, #1e2127);
  --text: light-dark(#1b1f24, #eceef1);
  --muted: light-dark(#57606a, #a8b0ba);
  --line: light-dark(#8c959f, #6e7781);
  --accent: light-dark(#0b5cad, #7ab8ff);
  --on-accent: light-dark(#ffffff, #0b1a2b);
  --bad: light-dark(#a40e26, #ff9aa5);
  --radius: 0.5rem;
  --width: 26rem;
  --font: system-ui, sans-serif;
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 1rem/1.5 var(--font); }
main { max-width: var(--width); margin: 4rem auto; padding: 2rem; background: var(--card); border-radius: var(--radius); }
@media (max-width: 30rem) { main { margin: 0 auto; border-radius: 0; min-height: 100vh; padding: 1.25rem; } }
h1 { margin: 0 0 1rem; font-size: 1.375rem; line-height: 1.25; }
h2 { margin: 2rem 0 0.5rem; font-size: 1.0625rem; }
p, ul, form { margin: 0 0 1rem; }
.site, .hint { color: var(--muted); }
.site { margin: 0 0 0.25rem; font-size: 0.875rem; }
label { display: block; margin: 0 0 0.25rem; font-weight: 600; }
input { width: 100%; margin: 0 0 1rem; padding: 0.625rem 0.75rem; font: inherit; color: inherit; background: transparent;
  border: 1px solid var(--line); border-radius: var(--radius); }
button, .button { display: inline-block; width: 100%; padding: 0.625rem 1rem; font: inherit; font-weight: 600;
  text-align: center; text-decoration: none; cursor: pointer; color: var(--on-accent); background: var(--accent);
  border: 1px solid var(--accent); border-radius: var(--radius); }
.second { color: var(--accent); background: transparent; }
a { color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
[role="alert"] { padding: 0.75rem; color: var(--bad); border: 1px solid var(--bad); border-radius: var(--radius); }
[role="status"] { padding: 0.75rem; border: 1px solid var(--line); border-radius: var(--radius); }
code, .code { font-family: ui-monospace, monospace; overflow-wrap: anywhere; }
.code { font-size: 1.25rem; letter-spacing: 0.05em; }
svg { display: block; width: 14rem; height: auto; margin: 0 auto 1rem; background: #fff; border-radius: var(--radius); }
[hidden] { display: none; }
`

export const passkeyScript = `'use strict'
for (const form of document.querySelectorAll('form[data-passkey]')) {
  const problem = form.querySelector('[role="alert"]')
  const button = form.querySelector('button')
  const make = form.dataset.passkey === 'make'
  form.addEventListener('submit', event => {
    if (form.elements.answer.value !== '') return
    event.preventDefault()
    problem.hidden = true
    button.disabled = true
    ask(JSON.parse(form.dataset.options), make).then(
      answer => {
        form.elements.answer.value = JSON.stringify(answer)
        form.requestSubmit()
      },
      () => {
        problem.hidden = false
        button.disabled = false
      },
    )
  })
}
async function ask(options, make) {
  const credential = make
    ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
    : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) })
  return credential.toJSON()
}
`
