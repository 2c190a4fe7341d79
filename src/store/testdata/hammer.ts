// A thread that takes from one key, among many others, as fast as it can; says how much it got.

import { parentPort, workerData } from 'node:worker_threads'
import { SharedCounters } from '../counters-shared.ts'

const { buffer, takes, limit, keys, nowMs } = workerData
const counters = new SharedCounters(buffer)
const got = new Array(keys).fill(0)
for (let i = 0; i < takes; i++) {
  const key = i % keys
  if (counters.take(`key-${key}`, 1, limit, 60_000, nowMs).allowed) got[key]++
}
parentPort?.postMessage(got)
