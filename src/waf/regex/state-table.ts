// The states that a lazy DFA has found so far, in one flat table of transitions. Bounded: when it is full, everything is
// thrown away but the first state.

/** Offsets of states start above the marks of dfa.ts, of which 0 says that a transition is not worked out. */
const firstIndex = 3

/** Entries of one table (4 bytes each) and members of all its sets (2 bytes each); both together cap a regex's memory. */
const maxTableEntries = 1 << 17
const maxSetMembers = 1 << 18

const emptyMembers = new Uint16Array(0)

export class StateTable {
  /** The next state's offset, or a mark, by state offset + class. Replaced when it grows. */
  entries: Int32Array
  /** How often everything was thrown away. */
  flushes = 0
  readonly stride: number
  private count = firstIndex
  private setMembers = 0
  private sets: Uint16Array[] = []
  private contexts: number[] = []
  private flags: number[] = []
  private nextInBucket: number[] = []
  private readonly buckets = new Map<number, number>()
  private readonly first: { readonly set: Uint16Array; readonly context: number }

  /** The first state stands at `start` and is never thrown away. */
  constructor(stride: number, set: Uint16Array, context: number) {
    this.stride = stride
    this.entries = new Int32Array(stride * 16)
    this.first = { set, context }
    this.reset()
  }

  get start(): number {
    return this.stride * firstIndex
  }

  set(state: number): Uint16Array {
    return this.sets[state / this.stride] ?? emptyMembers
  }

  context(state: number): number {
    return this.contexts[state / this.stride] ?? 0
  }

  flag(state: number): number {
    return this.flags[state / this.stride] ?? 0
  }

  /** The offset of the state of these parts; made if it is new, which may throw away all others. */
  intern(set: Uint16Array, context: number, flags: number): number {
    let hash = (context * 31 + flags) | 0
    for (let i = 0; i < set.length; i++) hash = (Math.imul(hash, 0x01000193) ^ (set[i] as number)) | 0
    for (let at = this.buckets.get(hash) ?? 0; at !== 0; at = this.nextInBucket[at] as number) {
      if (this.contexts[at] === context && this.flags[at] === flags && sameMembers(this.sets[at] as Uint16Array, set)) {
        return at * this.stride
      }
    }
    const full = (this.count + 1) * this.stride > maxTableEntries || this.setMembers + set.length > maxSetMembers
    if (full && this.count > firstIndex + 1) {
      this.flushes++
      this.reset()
    }
    return this.add(set, context, flags, hash)
  }

  private reset(): void {
    this.entries.fill(0)
    this.count = firstIndex
    this.setMembers = 0
    this.sets = []
    this.contexts = []
    this.flags = []
    this.nextInBucket = []
    this.buckets.clear()
    this.intern(this.first.set, this.first.context, 0)
  }

  private add(set: Uint16Array, context: number, flags: number, hash: number): number {
    const index = this.count++
    if ((index + 1) * this.stride > this.entries.length) {
      const larger = new Int32Array(this.entries.length * 2)
      larger.set(this.entries)
      this.entries = larger
    }
    this.sets[index] = set
    this.setMembers += set.length
    this.contexts[index] = context
    this.flags[index] = flags
    this.nextInBucket[index] = this.buckets.get(hash) ?? 0
    this.buckets.set(hash, index)
    return index * this.stride
  }
}

function sameMembers(a: Uint16Array, b: Uint16Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
