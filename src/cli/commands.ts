// The table of commands. A command's module is imported when the command is chosen, so that none pays for another.

import type { Command } from 'commander'

export interface CommandModule {
  /** Adds arguments, options, examples and the action. */
  define(command: Command): void
}

export interface CommandEntry {
  readonly name: string
  readonly group: string
  readonly summary: string
  load(): Promise<CommandModule>
}

const serve = 'Serve:'
const look = 'Look at requests and rules:'
const call = 'Say who may call:'
const operate = 'Operate a running gateway:'
const other = 'Other:'

export const commands: readonly CommandEntry[] = [
  {
    name: 'demo',
    group: serve,
    summary: 'a small vulnerable shop behind a gateway in protect mode',
    load: () => import('./demo.ts'),
  },
  {
    name: 'protect',
    group: serve,
    summary: 'put a gateway in front of an upstream, without a config file',
    load: () => import('./protect.ts'),
  },
  {
    name: 'init',
    group: serve,
    summary: 'write a commented merlon.yaml to start from',
    load: () => import('./init.ts'),
  },
  {
    name: 'check',
    group: serve,
    summary: 'check a config and the rules it names: all problems, with their place',
    load: () => import('./check.ts'),
  },
  { name: 'run', group: serve, summary: 'run the gateway that a config describes', load: () => import('./run.ts') },
  {
    name: 'inspect',
    group: look,
    summary: 'judge requests from stdin, one verdict a line',
    load: () => import('./inspect.ts'),
  },
  {
    name: 'explain',
    group: look,
    summary: 'say why one request is let pass or refused',
    load: () => import('./explain.ts'),
  },
  { name: 'rules', group: look, summary: 'list, lint and test rules', load: () => import('./rules.ts') },
  {
    name: 'clients',
    group: call,
    summary: 'OAuth clients: create, list, show, rotate, revoke',
    load: () => import('./clients.ts'),
  },
  {
    name: 'keys',
    group: call,
    summary: 'API keys: create, list, show, rotate, revoke, scan files for them',
    load: () => import('./keys.ts'),
  },
  {
    name: 'users',
    group: call,
    summary: 'people: add, list, show, change, set-password, disable, delete, unlock, mfa',
    load: () => import('./users.ts'),
  },
  {
    name: 'authz',
    group: call,
    summary: 'policies: explain a decision, compare two sets, find unused grants, print the schema',
    load: () => import('./authz.ts'),
  },
  {
    name: 'keyring',
    group: operate,
    summary: 'replace the master key',
    load: () => import('./keyring.ts'),
  },
  { name: 'status', group: operate, summary: 'what a running gateway is doing', load: () => import('./status.ts') },
  {
    name: 'reload',
    group: operate,
    summary: 'make a running gateway read its config again',
    load: () => import('./reload.ts'),
  },
  { name: 'events', group: operate, summary: 'search or follow security events', load: () => import('./events.ts') },
  { name: 'version', group: other, summary: 'print the version', load: () => import('./version.ts') },
]
