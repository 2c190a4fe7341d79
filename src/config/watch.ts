// Tells when files change, also when an editor or a deployment replaces them (rename over the old one, or a symlink to a
// new folder): folders are watched, not files, and what counts is what the paths lead to. A slow poll stands behind the
// watcher, because some file systems report nothing.

import { type FSWatcher, statSync, watch } from 'node:fs'
import { dirname, resolve } from 'node:path'

export interface FileWatch {
  close(): void
}

export interface WatchOptions {
  /** Quiet time after a change before it is told: editors write in several steps. */
  readonly debounceMs?: number
  readonly pollMs?: number
}

/** Calls `onChange` after any of the files changed, appeared or went away. Never keeps the process alive. */
export function watchFiles(paths: readonly string[], onChange: () => void, options: WatchOptions = {}): FileWatch {
  const { debounceMs = 200, pollMs = 2000 } = options
  const files = paths.map(path => resolve(path))
  let known = fingerprint(files)
  let timer: NodeJS.Timeout | undefined

  const look = () => {
    timer = undefined
    const now = fingerprint(files)
    if (now === known) return
    known = now
    onChange()
  }
  const soon = () => {
    clearTimeout(timer)
    timer = setTimeout(look, debounceMs)
    timer.unref()
  }

  const watchers: FSWatcher[] = []
  for (const folder of new Set(files.map(file => dirname(file)))) {
    try {
      const watcher = watch(folder, { persistent: false }, soon)
      watcher.on('error', () => watcher.close())
      watchers.push(watcher)
    } catch {
      // No watcher to be had (limit of the system, folder not there yet): the poll sees the change.
    }
  }
  const poll = setInterval(() => {
    if (timer === undefined && fingerprint(files) !== known) soon()
  }, pollMs)
  poll.unref()

  return {
    close() {
      clearInterval(poll)
      clearTimeout(timer)
      for (const watcher of watchers) watcher.close()
    },
  }
}

function fingerprint(files: readonly string[]): string {
  return files
    .map(file => {
      const stats = statSync(file, { throwIfNoEntry: false })
      return stats ? `${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeMs}` : '-'
    })
    .join(' ')
}
