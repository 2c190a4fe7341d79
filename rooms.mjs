// Who may import whom: one row a room (a folder of src/), read by .dependency-cruiser.mjs and checked by `npm run check`.
// A room may always import itself. `may` names rooms, or single files of a room, and the rest is forbidden; `instead`
// says where the code should go.

export const rooms = {
  lib: {
    may: [],
    instead: 'lib holds leaf helpers without domain words: move what knows a request or a rule out of it',
  },
  store: { may: ['lib'], instead: 'a driver knows rows and keys, not what they mean' },
  waf: {
    may: ['lib'],
    instead: 'the engine knows SecLang and bytes: what knows HTTP, files or the clock is a port given to createWaf',
  },
  pipeline: {
    may: ['lib', 'store'],
    instead: 'the pipeline knows no concrete guard and no socket: pass it in through route.ts',
  },
  events: {
    may: ['lib', 'store', 'pipeline'],
    instead: 'events turn findings into lines and numbers: decisions belong to guards',
  },
  learn: {
    may: ['lib', 'store', 'pipeline'],
    instead: 'learn weighs what traffic shows: what is done about it is a guard’s business',
  },
  client: { may: ['lib', 'pipeline'], instead: 'client says who it is by network: refusing is a guard’s business' },
  rulesets: {
    may: ['lib', 'waf'],
    instead: 'rulesets find and hold rule files: running them is the engine’s business',
  },
  contract: {
    may: ['lib', 'pipeline'],
    instead: 'contract knows what an API promises of its requests: what is done about it is a guard’s business',
  },
  policies: {
    may: ['lib', 'pipeline', 'contract'],
    instead: 'policies decide what a principal may do: who it is, and what is done about it, is a guard’s business',
  },
  guards: {
    may: ['lib', 'store', 'pipeline'],
    instead: 'a guard takes what it needs from its options, the exchange and tools; build.ts joins it with the rest',
  },
  upstream: {
    may: ['lib', 'pipeline', 'config/config.ts'],
    instead: 'upstream sends what was let pass: judging is a guard’s business',
  },
  listen: {
    may: ['lib', 'store', 'pipeline', 'client'],
    instead: 'listen turns sockets into exchanges: judging is a guard’s business',
  },
  certificates: {
    may: ['lib', 'config/config.ts', 'config/watch.ts', 'listen/settings.ts', 'pipeline/certificate-rule.ts'],
    instead: 'certificates gets and keeps what listeners show: handshakes are the business of listen',
  },
  config: { may: ['lib', 'pipeline'], instead: 'config reads merlon.yaml: defaults of a guard live in its options.ts' },
  convert: {
    may: ['lib', 'waf', 'rulesets'],
    instead: 'convert turns other servers’ files into ours: running rules is the engine’s business',
  },
  ftw: {
    may: ['lib', 'waf', 'rulesets'],
    instead: 'ftw runs rule tests against the engine or a URL',
  },
  inspect: {
    may: ['lib', 'pipeline', 'client', 'guards', 'listen', 'waf', 'rulesets'],
    instead:
      'inspect judges requests without sockets: what it shares with the gateway belongs to pipeline, guards or listen',
  },
  accounts: {
    may: ['lib', 'store', 'pipeline', 'config/config.ts'],
    instead: 'accounts know who may call, not how requests run: what workers must know goes to them as data',
  },
  admin: {
    may: ['lib', 'store', 'events', 'config', 'pipeline', 'accounts'],
    instead: 'admin sees the gateway through its Runtime interface',
  },
  cli: {
    may: [
      'lib',
      'config',
      'accounts',
      'admin',
      'waf',
      'rulesets',
      'ftw',
      'convert',
      'inspect',
      'store',
      'pipeline',
      'guards',
      'events',
      'listen/framing.ts',
      'certificates/keeper.ts',
      'policies',
      'learn',
    ],
    instead: 'a command reads options and prints: logic belongs to the room it is about',
  },
}

/** Single files that join the rooms. They may import everything; only each other and `cli` import them. */
export const roots = [
  'gateway',
  'gateway-problems',
  'log-files',
  'fleet',
  'listening',
  'worker-handle',
  'worker',
  'build',
  'messages',
]

/** Imports allowed beside the table: from (a path below src/), to (a path below src/), why. */
export const doors = [
  {
    from: '^src/ftw/engine-target\\.ts$',
    to: '^src/listen/framing\\.ts$',
    why: 'tests of protocol rules want the status that our listener gives',
  },
  {
    from: '^src/guards/waf/',
    to: '^src/(waf|rulesets)/|^src/events/mask\\.ts$',
    why: 'this guard is the adapter of the engine, and masks its audit log as events are masked',
  },
  {
    from: '^src/guards/authz/',
    to: '^src/(policies|contract)/',
    why: 'this guard is the adapter of the policies',
  },
  {
    from: '^src/config/(load|json-schema)\\.ts$',
    to: '^src/guards/chain\\.ts$',
    why: 'the schema is made from the chain',
  },
]

/** Rooms that do no I/O: what they need of the world is given to them. */
export const pureRooms = ['lib', 'waf', 'pipeline', 'client', 'guards']

/** The few files of pure rooms that are the ports themselves. */
export const ports = ['^src/waf/node\\.ts$']
