// The pages of signing in: name and password, second factor, consent, and what is said when it does not work.

import { type Html, html } from './html.ts'
import { problem } from './layout.ts'

/** Hidden fields and target that all forms of one sign-in share. */
export interface FormPlace {
  readonly path: string
  readonly csrf: string
}

export interface PasskeyOffer {
  /** What the browser is asked, as JSON. */
  readonly options: object
}

export function postForm({ path, csrf }: FormPlace, action: string, body: Html): Html {
  return html`<form method="post" action="${path}/${action}">
<input type="hidden" name="csrf" value="${csrf}">
${body}
</form>`
}

export function passkeyForm(
  { path, csrf }: FormPlace,
  action: string,
  kind: 'make' | 'use',
  options: object,
  body: Html,
): Html {
  return html`<form method="post" action="${path}/${action}" data-passkey="${kind}" data-options="${JSON.stringify(options)}">
<input type="hidden" name="csrf" value="${csrf}">
<input type="hidden" name="answer" value="">
<p role="alert" hidden>That did not work. Try again, or choose another way.</p>
${body}
</form>`
}

export interface SignInView {
  readonly place: FormPlace
  /** Who signs in again; nobody else can then. */
  readonly username: string | undefined
  /** What was typed before. */
  readonly typed: string
  readonly error: string | undefined
  readonly passkey: PasskeyOffer | undefined
  readonly providers: readonly { readonly id: string; readonly name: string }[]
}

export function signInView({ place, username, typed, error, passkey, providers }: SignInView): Html {
  const described = error === undefined ? undefined : html` aria-describedby="problem"`
  const name =
    username === undefined
      ? html`<label for="username">Name or e-mail address</label>
<input id="username" name="username" autocomplete="username webauthn" autocapitalize="none" spellcheck="false" required maxlength="254" value="${typed}"${described}>`
      : html`<p>Signed in as <strong>${username}</strong>. Say once more that it is you.</p>
<input type="hidden" name="username" value="${username}">`
  return html`${problem(error)}
${postForm(
  place,
  'password',
  html`${name}
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required maxlength="256"${described}>
<button>Sign in</button>`,
)}
${passkey && passkeyForm(place, 'passkey', 'use', passkey.options, html`<button class="second">Sign in with a passkey</button>`)}
${providers.map(
  ({ id, name }) => html`<p><a class="button second" href="${place.path}/external/${id}">Sign in with ${name}</a></p>`,
)}
${username !== undefined && postForm(place, 'other', html`<button class="second">Use another account</button>`)}
${postForm(place, 'abort', html`<button class="second">Cancel</button>`)}`
}

export interface SecondFactorView {
  readonly place: FormPlace
  readonly error: string | undefined
  readonly totp: boolean
  readonly passkey: PasskeyOffer | undefined
  readonly recovery: boolean
}

export function secondFactorView({ place, error, totp, passkey, recovery }: SecondFactorView): Html {
  return html`${problem(error)}
${
  totp &&
  postForm(
    place,
    'code',
    html`<label for="code">Code of your authenticator app</label>
<input id="code" name="code" inputmode="numeric" autocomplete="one-time-code" required maxlength="16">
<button>Continue</button>`,
  )
}
${passkey && passkeyForm(place, 'passkey', 'use', passkey.options, html`<button class="${totp ? 'second' : ''}">Use a passkey</button>`)}
${
  recovery &&
  html`<details><summary>Use a recovery code</summary>
${postForm(
  place,
  'recovery',
  html`<label for="recovery">Recovery code</label>
<input id="recovery" name="recovery" autocomplete="off" autocapitalize="none" spellcheck="false" required maxlength="64">
<button>Continue</button>`,
)}</details>`
}
${postForm(place, 'abort', html`<button class="second">Cancel</button>`)}`
}

/** When a client asks for more than the user has to show. */
export function missingFactorView(place: FormPlace): Html {
  return html`<p>The application asks for a stronger sign-in than you have set up.</p>
<p>Set up a passkey or an authenticator app on <a href="/oauth/account">your account page</a>, then come back and try
again.</p>
${postForm(place, 'abort', html`<button class="second">Cancel</button>`)}`
}

export interface ConsentView {
  readonly place: FormPlace
  readonly client: string
  readonly username: string
  readonly scopes: readonly string[]
  /** Where the user is sent afterwards. */
  readonly target: string
}

const scopeTexts: Readonly<Record<string, string>> = {
  openid: 'know who you are',
  profile: 'see your name',
  email: 'see your e-mail address',
  offline_access: 'go on while you are away, until you take it back',
}

export function consentView({ place, client, username, scopes, target }: ConsentView): Html {
  return html`<p><strong>${client}</strong> wants to act for you, <strong>${username}</strong>. It asks to:</p>
<ul>
${scopes.map(scope => html`<li>${scopeTexts[scope] ?? html`use <code>${scope}</code>`}</li>\n`)}
</ul>
${target !== '' && html`<p class="hint">You will be sent to ${target}.</p>`}
${postForm(place, 'consent', html`<button>Allow</button>`)}
${postForm(place, 'abort', html`<button class="second">Refuse</button>`)}`
}
