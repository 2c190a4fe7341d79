// The file system of the demo: a tree in memory that looks like a small Linux server. Path traversal, XXE, web shells
// and the shell work on it for real, and can reach nothing of the machine.

import { posix } from 'node:path'

export const publicFolder = '/srv/shop/public'
export const uploadFolder = '/srv/shop/public/uploads'

const maxFiles = 200
const maxFileBytes = 1_048_576
const maxTreeBytes = 32 * 1_048_576

const fixtures: Readonly<Record<string, string>> = {
  '/etc/passwd': [
    'root:x:0:0:root:/root:/bin/bash',
    'daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin',
    'www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin',
    'shop:x:1000:1000:Postern shop:/srv/shop:/bin/sh',
    '',
  ].join('\n'),
  '/etc/hostname': 'postern-1\n',
  '/etc/hosts': '127.0.0.1 localhost\n169.254.169.254 metadata.internal\n',
  '/proc/self/environ': 'SHOP_SECRET=postern-demo-secret-7f3a\0DB_PASSWORD=demo-db-password\0HOME=/srv/shop\0',
  '/root/.ssh/id_rsa':
    '-----BEGIN OPENSSH PRIVATE KEY-----\ndemo only, opens nothing\n-----END OPENSSH PRIVATE KEY-----\n',
  '/srv/shop/.env': 'SHOP_SECRET=postern-demo-secret-7f3a\nDB_PASSWORD=demo-db-password\n',
  '/srv/shop/config/settings.json': '{"currency":"EUR","adminToken":"postern-demo-admin-token"}\n',
  [`${publicFolder}/size-chart.txt`]: 'S 36-38\nM 40-42\nL 44-46\nXL 48-50\n',
  [`${publicFolder}/care.txt`]: 'Wash at 30 degrees. Dry in the shade. Wax leather twice a year.\n',
  [`${publicFolder}/returns.txt`]: 'Send it back within 30 days. We pay the postage.\n',
}

export class FileTree {
  readonly #files = new Map<string, Uint8Array>()
  #treeBytes = 0

  constructor() {
    for (const [path, text] of Object.entries(fixtures)) this.write(path, Buffer.from(text))
  }

  /** Resolves as a file system does, `..` and all; that nobody checks where it ends is the hole. */
  resolve(folder: string, name: string): string {
    return posix.resolve(folder, name)
  }

  read(path: string): Uint8Array | undefined {
    return this.#files.get(posix.normalize(path))
  }

  readText(path: string): string | undefined {
    const bytes = this.read(path)
    return bytes && Buffer.from(bytes).toString('utf8')
  }

  /** Says whether there was room. */
  write(path: string, bytes: Uint8Array): boolean {
    if (bytes.length > maxFileBytes) return false
    const old = this.read(path)?.length
    if (old === undefined && this.#files.size >= maxFiles) return false
    const treeBytes = this.#treeBytes + bytes.length - (old ?? 0)
    if (treeBytes > maxTreeBytes) return false
    this.#treeBytes = treeBytes
    this.#files.set(posix.normalize(path), Uint8Array.from(bytes))
    return true
  }

  /** Names of the files and folders directly in a folder. */
  list(folder: string): string[] {
    const prefix = folder.endsWith('/') ? folder : `${folder}/`
    const names = new Set<string>()
    for (const path of this.#files.keys()) {
      const name = path.startsWith(prefix) ? path.slice(prefix.length).split('/')[0] : undefined
      if (name) names.add(name)
    }
    return [...names].sort()
  }
}
