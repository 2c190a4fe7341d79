// What `status` and `reload` have in common: the gateway that runs with a state folder, or a failure that says so.

import { type AdminReply, askGateway } from '../admin/client.ts'
import { CommandFailure } from './output.ts'
import { type StateOptions, stateDir } from './state.ts'

export async function ask(options: StateOptions, method: 'GET' | 'POST', path: string): Promise<AdminReply> {
  const state = await stateDir(options)
  let reply: AdminReply | undefined
  try {
    reply = await askGateway(state, method, path)
  } catch (error) {
    throw new CommandFailure(error instanceof Error ? error.message : String(error))
  }
  if (reply) return reply
  throw new CommandFailure(`no gateway is running with the state folder ${state}`)
}
