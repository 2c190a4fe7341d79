// The pages where users look after their own account: password, authenticator app, passkeys, recovery codes.

import type { TotpOffer } from '../users/second-factors.ts'
import type { StoredUser } from '../users/user.ts'
import { type Html, html } from './html.ts'
import { problem } from './layout.ts'
import { type FormPlace, type PasskeyOffer, passkeyForm, postForm } from './sign-in-views.ts'

export interface AccountView {
  readonly place: FormPlace
  readonly user: StoredUser
  readonly error: string | undefined
  readonly done: string | undefined
  /** Changes want somebody who signed in a moment ago, with all that they have. */
  readonly isFresh: boolean
  readonly passkey: PasskeyOffer | undefined
}

export function accountView(view: AccountView): Html {
  const { place, user, error, done, isFresh } = view
  return html`${problem(error)}
${done !== undefined && html`<p role="status">${done}</p>`}
<p>Signed in as <strong>${user.username}</strong>.</p>
${
  isFresh
    ? changes(view)
    : html`<p>To change how you sign in, say once more that it is you.</p>
<p><a class="button" href="${place.path}/confirm">Confirm that it is you</a></p>`
}
${postForm(place, 'leave', html`<button class="second">Sign out</button>`)}`
}

function changes({ place, user, passkey }: AccountView): Html {
  return html`<h2 id="app">Authenticator app</h2>
${
  user.totp
    ? html`<p>An app is set up since ${day(user.totp.createdAtMs)}.</p>
${postForm(place, 'unapp', html`<button class="second" aria-describedby="app">Remove the app</button>`)}`
    : postForm(
        place,
        'app',
        html`<p class="hint">Asks for a code of an app on your telephone besides your password.</p>
<button>Set up an app</button>`,
      )
}
<h2>Passkeys</h2>
${
  user.passkeys.length > 0 &&
  html`<ul>
${user.passkeys.map(
  ({ id, name, createdAtMs }) => html`<li>${name}, since ${day(createdAtMs)}
${postForm(
  place,
  'unkey',
  html`<input type="hidden" name="id" value="${id}"><button class="second" aria-label="Remove ${name}">Remove</button>`,
)}</li>
`,
)}
</ul>`
}
${
  passkey
    ? passkeyForm(
        place,
        'key',
        'make',
        passkey.options,
        html`<label for="name">Name of a new passkey</label>
<input id="name" name="name" value="Passkey" required maxlength="64">
<button>Add a passkey</button>`,
      )
    : html`<p class="hint">Passkeys need a site with a name; this one has only an address.</p>`
}
<h2>Recovery codes</h2>
<p>${user.recovery.length === 0 ? 'You have none.' : `${user.recovery.length} are left.`} Each lets you in once when you
have lost everything else.</p>
${postForm(place, 'codes', html`<button class="second">Make new recovery codes</button>`)}
<h2>Password</h2>
${postForm(
  place,
  'password',
  html`<input type="hidden" name="username" value="${user.username}" autocomplete="username">
<label for="password">New password</label>
<input id="password" name="password" type="password" autocomplete="new-password" required maxlength="256">
<p class="hint">You are signed out everywhere, and sign in anew.</p>
<button class="second">Change password</button>`,
)}`
}

export function appView(place: FormPlace, { secret, uri }: TotpOffer, error: string | undefined): Html {
  return html`${problem(error)}
<p>Add this key to your app, or <a href="${uri}">open the app with it</a> on this device.</p>
<p class="code" id="key">${secret.match(/.{1,4}/g)?.join(' ')}</p>
${postForm(
  place,
  'appcode',
  html`<label for="code">Code that the app shows now</label>
<input id="code" name="code" inputmode="numeric" autocomplete="one-time-code" required maxlength="16">
<button>Use this app</button>`,
)}
<p><a href="${place.path}">Back</a></p>`
}

export function codesView(place: FormPlace, codes: readonly string[]): Html {
  return html`<p role="status">Write these down and keep them safe. They are not shown again; codes of before are void.</p>
<ul class="codes">
${codes.map(code => html`<li><code>${code}</code></li>\n`)}
</ul>
<p><a class="button" href="${place.path}">I have written them down</a></p>`
}

export function leftView(): Html {
  return html`<p role="status">You are signed out here.</p>
<p><a class="button second" href="/oauth/account">Sign in again</a></p>`
}

function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}
