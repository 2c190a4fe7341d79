// A thread that takes from many keys as fast as it can, in periods that end while it does; says how much it got of each
// key and period.

import { parentPort, workerData } from 'node:worker_threads'
import { SharedQuotas } from '../quotas-shared.ts'

const { buffer, takes, limit, keys, periods, nowMs, gate, threads } = workerData
const quotas = new SharedQuotas(buffer)
const got = new Array(keys * periods).fill(0)
for (let period = 0; period < periods; period++) {
  const atMs = nowMs + period * 1000
  // All threads are in the same period.
  if (gate) {
    const arrived = new Int32Array(gate)
    Atomics.add(arrived, period, 1)
    Atomics.notify(arrived, period)
    for (let n = Atomics.load(arrived, period); n < threads; n = Atomics.load(arrived, period)) {
      Atomics.wait(arrived, period, n)
    }
  }
  for (let i = 0; i < takes; i++) {
    const key = i % keys
    if (quotas.take(`key-${key}`, period, 1, limit, atMs + 1000, atMs).taken) got[period * keys + key]++
  }
}
parentPort?.postMessage(got)
