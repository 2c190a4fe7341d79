// The pages of a device that can't show any itself (RFC 8628): its code, who it is, and that it worked; and the page for
// what went wrong anywhere.

import { type Html, html } from './html.ts'
import { type Page, problem } from './layout.ts'

function form(action: string, secret: string, body: Html): Html {
  return html`<form method="post" action="${action}">
<input type="hidden" name="xsrf" value="${secret}">
${body}
</form>`
}

export function deviceInputPage(action: string, secret: string, code: string, error: Error | undefined): Page {
  return {
    heading: 'Connect a device',
    body: html`${problem(error && messageOf(error))}
${form(
  action,
  secret,
  html`<label for="user_code">Code that the device shows</label>
<input class="code" id="user_code" name="user_code" autocomplete="off" autocapitalize="characters" spellcheck="false" required maxlength="32" value="${code}">
<button>Continue</button>`,
)}`,
  }
}

function messageOf(error: Error): string {
  switch (error.name) {
    case 'AbortedError':
      return 'The device was not connected.'
    case 'ExpiredError':
      return 'That code has expired. Let the device show another.'
    case 'AlreadyUsedError':
      return 'That code was used already. Let the device show another.'
    case 'NoCodeError':
    case 'NotFoundError':
      return 'There is no such code. Look at the device again.'
    default:
      return 'That did not work. Enter the code once more.'
  }
}

export function deviceConfirmPage(action: string, secret: string, client: string | undefined, code: string): Page {
  const hidden = html`<input type="hidden" name="user_code" value="${code}">`
  return {
    heading: 'Is this your device?',
    body: html`<p><strong>${client ?? 'A device'}</strong> shows this code:</p>
<p class="code">${code}</p>
<p class="hint">Go on only if you started this yourself and the device is in front of you. Whoever sent you a link or a
code to enter here would get access to your account.</p>
${form(action, secret, html`${hidden}<input type="hidden" name="confirm" value="yes"><button>It is mine: continue</button>`)}
${form(action, secret, html`${hidden}<input type="hidden" name="abort" value="yes"><button class="second">Cancel</button>`)}`,
  }
}

export function deviceDonePage(client: string | undefined): Page {
  return {
    heading: 'Device connected',
    body: html`<p role="status">${client ?? 'The device'} is connected. You can close this page.</p>`,
  }
}

/** The text comes from the provider, or is ours; never from a request alone. */
export function errorPage(text: string, status?: number): Page {
  return {
    heading: 'That did not work',
    body: html`<p role="alert">${text}</p>
<p class="hint">Go back to the application and start again from there.</p>`,
    ...(status !== undefined && { status }),
  }
}
