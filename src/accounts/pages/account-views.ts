// The pages where users look after their own account: password, authenticator app, passkeys, recovery codes.

import type { StoredUser } from '../users/user.ts'
import { addPasskeyForm } from './factor-views.ts'
import { type Html, html } from './html.ts'
import { problem } from './layout.ts'
import { type FormPlace, type PasskeyOffer, postForm } from './sign-in-views.ts'

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
${postForm(place, 'leave', html`<button class="second">Sign out</button>`)}
${postForm(place, 'leaveall', html`<button class="second">Sign out everywhere</button>`)}`
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
    ? addPasskeyForm(place, passkey, 'first')
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

export function leftView(where: 'here' | 'everywhere'): Html {
  return html`<p role="status">You are signed out ${where}.</p>
<p><a class="button second" href="/oauth/account">Sign in again</a></p>`
}

function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}
