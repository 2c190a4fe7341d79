// Drives wrk: keep-alive connections, requests that differ in their bytes, and what the answers were.

import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { benchRequests } from '../requests.ts'

export interface LoadResult {
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Share of answers with status 403. */
  readonly blocked: number
  /** Answers that are neither 2xx nor 403, and socket errors. */
  readonly failed: number
}

const variants = 256

/** Writes the wrk script for one kind of request. */
export function writeScript(path: string, name: string): void {
  const requests = Array.from({ length: variants }, (_, i) => benchRequests(i).find(request => request.name === name))
  const lua = requests.map(request => {
    if (!request) throw new Error(`no request ${name}`)
    const headers = []
    for (let i = 0; i < request.headers.length; i += 2) {
      headers.push(`[${JSON.stringify(request.headers[i])}]=${JSON.stringify(request.headers[i + 1])}`)
    }
    const body = request.body === '' ? 'nil' : JSON.stringify(request.body)
    return `wrk.format(${JSON.stringify(request.method)},${JSON.stringify(request.target)},{${headers.join(',')}},${body})`
  })
  writeFileSync(
    path,
    `local threads = {}
function setup(thread) table.insert(threads, thread) end
function init() r = {${lua.join(',\n')}} i = 0 ok = 0 blocked = 0 other = 0 end
function request() i = i % #r + 1 return r[i] end
function response(status) if status == 403 then blocked = blocked + 1 elseif status < 300 then ok = ok + 1 else other = other + 1 end end
function done(summary, latency)
  local ok, blocked, other = 0, 0, 0
  for _, t in ipairs(threads) do ok = ok + t:get("ok") blocked = blocked + t:get("blocked") other = other + t:get("other") end
  local e = summary.errors
  print(string.format("RESULT %f %f %f %d %d %d", summary.requests / summary.duration * 1e6, latency:percentile(50) / 1000,
    latency:percentile(99) / 1000, ok, blocked, other + e.connect + e.read + e.write + e.timeout))
end
`,
  )
}

export async function runWrk(port: number, script: string, seconds: number, connections: number): Promise<LoadResult> {
  const child = spawn('wrk', ['-t1', `-c${connections}`, `-d${seconds}s`, '-s', script, `http://127.0.0.1:${port}/`])
  let output = ''
  child.stdout.on('data', chunk => {
    output += chunk
  })
  child.stderr.pipe(process.stderr)
  await new Promise(resolve => child.once('close', resolve))
  const match = /RESULT (\S+) (\S+) (\S+) (\d+) (\d+) (\d+)/.exec(output)
  if (!match) throw new Error(`wrk gave no result: ${output.slice(0, 500)}`)
  const [rate, p50, p99, ok, blocked, failed] = match.slice(1).map(Number)
  const answered = (ok ?? 0) + (blocked ?? 0) + (failed ?? 0)
  return {
    requestsPerSecond: rate ?? 0,
    p50Ms: p50 ?? 0,
    p99Ms: p99 ?? 0,
    blocked: answered === 0 ? 0 : (blocked ?? 0) / answered,
    failed: failed ?? 0,
  }
}
