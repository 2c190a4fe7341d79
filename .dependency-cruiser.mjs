// Import rules, made from the table in rooms.mjs. Run by tools/check.ts, which also proves that they bite.

import { doors, ports, pureRooms, rooms, roots } from './rooms.mjs'

const tests = '(\\.test|\\.test-support|\\.test-helper|\\.bench)\\.ts$|/(testdata|conformance)/|/testing\\.ts$'
const names = Object.keys(rooms)
const rootFiles = `^src/(${roots.join('|')})\\.ts$`

const roomRules = names.map(room => {
  const own = [room, ...rooms[room].may]
  const forbidden = names.filter(name => !own.includes(name))
  const files = own.filter(name => name.includes('/')).map(file => `^src/${file.replaceAll('.', '\\.')}$`)
  const passages = doors.filter(
    door => new RegExp(door.from).test(`src/${room}/`) || door.from.startsWith(`^src/${room}/`),
  )
  return {
    name: `room-${room}`,
    comment: `${room} may import ${rooms[room].may.join(', ') || 'nothing'}. ${rooms[room].instead}.`,
    severity: 'error',
    from: { path: `^src/${room}/`, pathNot: [tests, ...passages.map(door => door.from)] },
    to: { path: `^src/(${forbidden.join('|')})/`, pathNot: files },
  }
})

// Files that stand at a door keep the room's rule but for what the door opens.
const doorRules = doors.map(({ from, to, why }) => {
  const room = /\^src\/([a-z]+)\//.exec(from)?.[1] ?? ''
  const forbidden = names.filter(name => name !== room && !rooms[room].may.includes(name))
  return {
    name: `door-${room}`,
    comment: `Only what the door opens (${why}).`,
    severity: 'error',
    from: { path: from, pathNot: tests },
    to: { path: `^src/(${forbidden.join('|')})/`, pathNot: to },
  }
})

const io =
  '^(node:)?(net|tls|http|https|http2|fs|fs/promises|dns|dns/promises|dgram|child_process|cluster|worker_threads|sqlite|readline|repl|inspector)$'

export default {
  forbidden: [
    ...roomRules,
    ...doorRules,
    {
      name: 'roots-are-the-top',
      comment: 'gateway, worker and build join the rooms: only each other and the command line start from them.',
      severity: 'error',
      from: { path: '^src/', pathNot: [tests, '^src/cli/', rootFiles] },
      to: { path: rootFiles },
    },
    {
      name: 'guard-imports-no-guard',
      comment: 'Guards speak to each other only through fields of the exchange.',
      severity: 'error',
      from: { path: '^src/guards/([^/]+)/', pathNot: tests },
      to: { path: '^src/guards/', pathNot: '^src/guards/$1/' },
    },
    {
      name: 'pure-rooms-do-no-io',
      comment: `${pureRooms.join(', ')} do no I/O: take what the world must give as a parameter (tools, ports).`,
      severity: 'error',
      from: { path: `^src/(${pureRooms.join('|')})/`, pathNot: [tests, ...ports] },
      to: { dependencyTypes: ['core'], path: io },
    },
    {
      name: 'store-drivers-are-chosen-on-top',
      comment: 'Rooms know the interfaces in store/store.ts; only the roots and the command line choose a driver.',
      severity: 'error',
      from: { path: '^src/', pathNot: [tests, '^src/store/', '^src/cli/', rootFiles] },
      to: { path: '^src/store/', pathNot: '^src/store/store\\.ts$' },
    },
    {
      name: 'no-cycles',
      comment: 'Two files that need each other are one file, or miss a third. Types alone may.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'code-imports-no-test',
      comment: 'Move what both need into a file of its own.',
      severity: 'error',
      from: { path: '^(src|demo|tools)/', pathNot: tests },
      to: { path: [tests, '^tests/', '^bench/'] },
    },
    {
      name: 'demo-stands-alone',
      comment: 'The demo shop is an application like any other: it knows nothing of the gateway.',
      severity: 'error',
      from: { path: '^demo/', pathNot: tests },
      to: { path: '^src/' },
    },
    {
      name: 'no-dev-dependency',
      comment: 'What src/ and demo/ import must be in `dependencies`.',
      severity: 'error',
      from: { path: '^(src|demo)/', pathNot: tests },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'undetermined'] },
    },
    {
      name: 'resolvable',
      comment: 'The imported file or package does not exist.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '/testdata/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.mjs', '.js'],
    },
  },
}
