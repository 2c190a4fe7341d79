// SipHash-1-3 (Aumasson and Bernstein) over the UTF-16 units of a string, in 32-bit halves because BigInt arithmetic is
// twenty times slower. Keyed, so that nobody who doesn't know the seed can choose keys that collide.

/** 128 bits of key as four words; two words of hash are written to `out`. */
export function sipHash(seed: Uint32Array, text: string, out: Uint32Array): void {
  const state = hashState
  state[0] = (seed[0] ?? 0) ^ 0x70736575
  state[1] = (seed[1] ?? 0) ^ 0x736f6d65
  state[2] = (seed[2] ?? 0) ^ 0x6e646f6d
  state[3] = (seed[3] ?? 0) ^ 0x646f7261
  state[4] = (seed[0] ?? 0) ^ 0x6e657261
  state[5] = (seed[1] ?? 0) ^ 0x6c796765
  state[6] = (seed[2] ?? 0) ^ 0x79746573
  state[7] = (seed[3] ?? 0) ^ 0x74656462
  const { length } = text
  const whole = length - (length & 3)
  for (let i = 0; i < whole; i += 4) {
    compress(
      state,
      text.charCodeAt(i) | (text.charCodeAt(i + 1) << 16),
      text.charCodeAt(i + 2) | (text.charCodeAt(i + 3) << 16),
    )
  }
  // The last word holds what is left and, as in SipHash, the length.
  let low = 0
  let high = length << 16
  if (whole < length) low = text.charCodeAt(whole)
  if (whole + 1 < length) low |= text.charCodeAt(whole + 1) << 16
  if (whole + 2 < length) high |= text.charCodeAt(whole + 2)
  compress(state, low, high)
  state[4] = (state[4] ?? 0) ^ 0xff
  round(state)
  round(state)
  round(state)
  out[0] = (state[0] ?? 0) ^ (state[2] ?? 0) ^ (state[4] ?? 0) ^ (state[6] ?? 0)
  out[1] = (state[1] ?? 0) ^ (state[3] ?? 0) ^ (state[5] ?? 0) ^ (state[7] ?? 0)
}

/** v0 to v3, each as its low and high word. One a thread: nothing here waits. */
const hashState = new Uint32Array(8)

function compress(state: Uint32Array, low: number, high: number): void {
  state[6] = (state[6] ?? 0) ^ low
  state[7] = (state[7] ?? 0) ^ high
  round(state)
  state[0] = (state[0] ?? 0) ^ low
  state[1] = (state[1] ?? 0) ^ high
}

function round(state: Uint32Array): void {
  let [a0 = 0, a1 = 0, b0 = 0, b1 = 0] = state
  let c0 = state[4] ?? 0
  let c1 = state[5] ?? 0
  let d0 = state[6] ?? 0
  let d1 = state[7] ?? 0
  let low = a0 + b0
  a1 = (a1 + b1 + (low > 0xffffffff ? 1 : 0)) >>> 0
  a0 = low >>> 0
  low = c0 + d0
  c1 = (c1 + d1 + (low > 0xffffffff ? 1 : 0)) >>> 0
  c0 = low >>> 0
  // b = rotl(b, 13) ^ a
  let up = ((b1 << 13) | (b0 >>> 19)) ^ a1
  b0 = (((b0 << 13) | (b1 >>> 19)) ^ a0) >>> 0
  b1 = up >>> 0
  // d = rotl(d, 16) ^ c
  up = ((d1 << 16) | (d0 >>> 16)) ^ c1
  d0 = (((d0 << 16) | (d1 >>> 16)) ^ c0) >>> 0
  d1 = up >>> 0
  // a = rotl(a, 32) + d
  low = a1 + d0
  const a1Next = (a0 + d1 + (low > 0xffffffff ? 1 : 0)) >>> 0
  a0 = low >>> 0
  a1 = a1Next
  low = c0 + b0
  c1 = (c1 + b1 + (low > 0xffffffff ? 1 : 0)) >>> 0
  c0 = low >>> 0
  // b = rotl(b, 17) ^ c
  up = ((b1 << 17) | (b0 >>> 15)) ^ c1
  b0 = (((b0 << 17) | (b1 >>> 15)) ^ c0) >>> 0
  b1 = up >>> 0
  // d = rotl(d, 21) ^ a
  up = ((d1 << 21) | (d0 >>> 11)) ^ a1
  d0 = (((d0 << 21) | (d1 >>> 11)) ^ a0) >>> 0
  d1 = up >>> 0
  state[0] = a0
  state[1] = a1
  state[2] = b0
  state[3] = b1
  // c = rotl(c, 32)
  state[4] = c1
  state[5] = c0
  state[6] = d0
  state[7] = d1
}
