// Starts a gateway and stays until a signal: what run, protect and demo have in common. SIGTERM and SIGINT let running
// requests end, a second one does not wait. With a file, SIGHUP and a change of the file reload it.

import { readFileSync } from 'node:fs'
import type { Config } from '../config/config.ts'
import { type LoadResult, loadConfig } from '../config/load.ts'
import { locateProblems } from '../config/locate.ts'
import { type FileWatch, watchFiles } from '../config/watch.ts'
import { type Gateway, startGateway } from '../gateway.ts'
import type { Problem } from '../lib/problem.ts'
import { say, sayProblems } from './output.ts'

export interface ServeOptions {
  readonly config: Config
  /** The file behind the config, to be reloaded. */
  readonly file?: string
  /** Told once, when every worker listens. */
  readonly onReady: (gateway: Gateway) => void
}

/** Resolves to the exit code when the gateway has stopped. */
export async function serve({ config, file, onReady }: ServeOptions): Promise<number> {
  const signals = new Signals()
  const load = file === undefined ? undefined : () => locating(file, loadConfig(file))
  const started = await startGateway(config, {
    ...(load && { load }),
    log: (level, message) => say(level === 'info' ? message : `${level}: ${message}`),
  })
  if (!started.ok) {
    sayProblems(withPlaces(file, started.problems))
    return 1
  }
  const { gateway } = started
  let watch: FileWatch | undefined
  if (file !== undefined && load) {
    const reload = async (why: string) => {
      const loaded = load()
      const result = loaded.ok ? await gateway.reload(loaded.config) : loaded
      if (result.ok) return say(`${why}: reloaded ${file}`)
      sayProblems(withPlaces(file, result.problems))
      say(`${why}: ${file} is bad, the config before it goes on`)
    }
    watch = watchFiles([file], () => void reload('the file has changed'))
    signals.onHangup = () => {
      gateway.reopenFiles()
      void reload('SIGHUP')
    }
  } else signals.onHangup = () => gateway.reopenFiles()

  onReady(gateway)
  const signal = await signals.end
  watch?.close()
  say(`${signal}: letting requests end, once more to stop at once`)
  await gateway.stop()
  return 0
}

/** Listens from the start, so that a signal during the start is not lost. */
class Signals {
  onHangup: () => void = () => {}
  readonly end: Promise<NodeJS.Signals>

  constructor() {
    process.on('SIGHUP', () => this.onHangup())
    this.end = new Promise(resolve => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) {
        let seen = 0
        process.on(signal, () => {
          if (++seen > 1) process.exit(signal === 'SIGINT' ? 130 : 143)
          resolve(signal)
        })
      }
    })
  }
}

function locating(file: string, result: LoadResult): LoadResult {
  return result.ok ? result : { ok: false, problems: withPlaces(file, result.problems) }
}

/** Problems of the running parts know the path in the config, not the line: the file is asked. */
function withPlaces(file: string | undefined, problems: readonly Problem[]): readonly Problem[] {
  if (file === undefined) return problems
  try {
    return locateProblems(file, readFileSync(file, 'utf8'), problems)
  } catch {
    return problems
  }
}
