// The pages of setting up a second factor, on the account page and while somebody signs in who must have one.

import type { TotpOffer } from '../users/second-factors.ts'
import { type Html, html } from './html.ts'
import { problem } from './layout.ts'
import { qrPicture } from './qr.ts'
import { type FormPlace, type PasskeyOffer, passkeyForm, postForm } from './sign-in-views.ts'

export function appView(place: FormPlace, { secret, uri }: TotpOffer, error: string | undefined): Html {
  return html`${problem(error)}
<p>Point your app’s camera at this picture, or <a href="${uri}">open the app with it</a> on this device.</p>
${qrPicture(uri, 'QR code with the key for your app; it stands below as text too')}
<p>Or type this key into your app:</p>
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

/** What leads on from the codes. */
export const written = 'I have written them down'

export function codesView(codes: readonly string[], next: Html): Html {
  return html`<p role="status">Write these down and keep them safe. They are not shown again; codes of before are void.</p>
<ul class="codes">
${codes.map(code => html`<li><code>${code}</code></li>\n`)}
</ul>
${next}`
}

export function addPasskeyForm(place: FormPlace, { options }: PasskeyOffer, look: 'first' | 'second'): Html {
  return passkeyForm(
    place,
    'key',
    'make',
    options,
    html`<label for="name">Name of a new passkey</label>
<input id="name" name="name" value="Passkey" required maxlength="64">
<button class="${look === 'second' ? 'second' : ''}">Add a passkey</button>`,
  )
}

export interface DutyView {
  readonly place: FormPlace
  readonly error: string | undefined
  /** Whether an app is strong enough for who asks. */
  readonly app: boolean
  readonly passkey: PasskeyOffer | undefined
}

/** For who must have a second factor, and has none. */
export function dutyView({ place, error, app, passkey }: DutyView): Html {
  return html`${problem(error)}
<p>Your account needs a second proof that it is you, besides your password. Set one up now: it is asked for from then
on whenever you sign in.</p>
${app && html`<h2>Authenticator app</h2>\n${postForm(place, 'app', html`<button>Set up an app</button>`)}`}
${passkey && html`<h2>Passkey</h2>\n${addPasskeyForm(place, passkey, app ? 'second' : 'first')}`}
${postForm(place, 'abort', html`<button class="second">Cancel</button>`)}`
}

/** When it is set up, and the codes may have been closed without a look. */
export function readyView(place: FormPlace): Html {
  return html`<p role="status">Your second factor is set up.</p>
${postForm(place, 'continue', html`<button>Continue</button>`)}`
}
