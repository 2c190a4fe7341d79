// The pages of signing out at the wish of a client (OpenID Connect RP-Initiated Logout): whether they want to, and that it
// is done. Nobody is signed out by a link alone.

import { html } from './html.ts'
import { formTarget, type Page } from './layout.ts'

export interface LogoutView {
  readonly action: string
  readonly secret: string
  readonly client: string | undefined
  readonly username: string | undefined
  /** Where the client wants them back. */
  readonly target: unknown
}

export function logoutPage({ action, secret, client, username, target }: LogoutView): Page {
  return {
    heading: 'Sign out?',
    body: html`<p>${client !== undefined ? html`<strong>${client}</strong> asks to sign you out` : 'You are about to sign out'}
${username !== undefined && html`, <strong>${username}</strong>`}. You are signed out of every application that you
signed in to here in this browser.</p>
<form method="post" action="${action}">
<input type="hidden" name="xsrf" value="${secret}">
<button name="logout" value="yes">Sign out</button>
</form>
<p><a class="button second" href="/oauth/account">Stay signed in</a></p>`,
    formTargets: formTarget(target),
  }
}

export function loggedOutPage(): Page {
  return {
    heading: 'Signed out',
    body: html`<p role="status">You are signed out. You can close this page.</p>`,
  }
}
