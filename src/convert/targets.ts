// Addresses, hosts and paths of a web server, as merlon.yaml writes them.

import type { Place, Report } from './setup.ts'

/** `80`, `*:80`, `[::]:80`, `127.0.0.1:8080`, `127.0.0.1`; undefined for sockets and nonsense. */
export function listenAddress(text: string): string | undefined {
  const match = /^(?:(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+|\*):)?(\d{1,5})$/.exec(text)
  if (!match) return /^(\d{1,3}\.){3}\d{1,3}$|^\[[0-9a-fA-F:.]+\]$/.test(text) ? `${text}:80` : undefined
  const [, host = '', port = ''] = match
  if (Number(port) > 65_535) return undefined
  return ['', '*', '0.0.0.0', '[::]'].includes(host) ? `:${port}` : `${host}:${port}`
}

export function isOrigin(text: string): boolean {
  const url = URL.parse(text)
  return url !== null && url.hostname !== '' && url.pathname === '/' && !/[\s_]/.test(url.hostname)
}

/** Names of a virtual host; one undefined for every host. */
export function hostsOf(names: readonly string[], place: Place, report: Report): readonly (string | undefined)[] {
  const hosts = new Set<string | undefined>()
  for (const name of names) {
    const host = name
      .toLowerCase()
      .replace(/^https?:\/\//, '')
      .replace(/:\d+$/, '')
    if (host === '' || host === '_' || host === '*') hosts.add(undefined)
    else if (/^(\*\.)?[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?$/.test(host)) hosts.add(host)
    else if (/^\.[a-z0-9.-]+$/.test(host)) {
      hosts.add(host.slice(1))
      hosts.add(`*${host}`)
    } else report.add(place, `the host ${name}: hosts are names, or *. and a name`)
  }
  if (names.length === 0) hosts.add(undefined)
  return [...hosts]
}

/**
 * The routes of a path that other servers take as a prefix of text: `/a/` is `/a/*`; `/a` is `/a` and `/a/*`, which
 * leaves out `/ab`.
 */
export function prefixPaths(prefix: string, place: Place, report: Report): readonly (string | undefined)[] | undefined {
  if (prefix === '/' || prefix === '') return [undefined]
  if (!/^\/[^*?#\s]*$/.test(prefix)) {
    report.add(place, `the path ${prefix}: routes match whole paths and prefixes`)
    return undefined
  }
  if (prefix.endsWith('/')) return [`${prefix}*`]
  report.add(place, `the path ${prefix} becomes ${prefix} and ${prefix}/*: other paths that start alike are not in it`)
  return [prefix, `${prefix}/*`]
}
