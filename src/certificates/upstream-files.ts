// The PEM files of an upstream: who may sign its servers' certificates, and what we show them.

import type { UpstreamTlsFiles } from '../config/config.ts'
import { readCertificate } from './certificate.ts'
import { readAuthorities, readText } from './pem-files.ts'

export interface UpstreamPem {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

/** @param say Is told what is wrong, with the key of the config. */
export function readUpstreamFiles(
  { ca, client }: UpstreamTlsFiles,
  say: (key: string, message: string) => void,
): UpstreamPem {
  const read = <Result>(key: string, work: () => Result): Result | undefined => {
    try {
      return work()
    } catch (error) {
      say(key, error instanceof Error ? error.message : String(error))
      return undefined
    }
  }
  const caText = ca === undefined ? undefined : read('ca', () => readAuthorities(ca))
  const own = client && read('cert', () => readCertificate(readText(client.cert), readText(client.key)))
  return {
    ...(caText !== undefined && { ca: caText }),
    ...(own && { cert: own.cert, key: own.key }),
  }
}
