// One request of one sign-in, and what every part of signing in does with it.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Page } from './layout.ts'
import type { Interaction } from './sign-in-asks.ts'
import type { SignInState } from './sign-in-state.ts'
import type { FormPlace } from './sign-in-views.ts'

export interface Step {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly interaction: Interaction
  readonly state: SignInState
  readonly place: FormPlace
}

/** What the parts ask of the whole. */
export interface StepPages {
  send(step: Step, page: Page): void
  /** The page that the sign-in stands at, with what went wrong. */
  show(step: Step, error?: string, more?: Partial<Page>): Promise<void>
}
