// A thread that marks keys as fast as it can and tells which it was first for.

import { parentPort, workerData } from 'node:worker_threads'
import { SharedMarks } from '../marks-shared.ts'

const { buffer, keys, nowMs } = workerData as { buffer: SharedArrayBuffer; keys: number; nowMs: number }
const marks = new SharedMarks(buffer)
const firsts: number[] = []
for (let i = 0; i < keys; i++) if (marks.mark(`key ${i}`, 60_000, nowMs) === 'first') firsts.push(i)
parentPort?.postMessage(firsts)
