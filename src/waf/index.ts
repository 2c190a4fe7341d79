// The engine's front door: rules in, transactions out. Everything public is described in types.ts.

import { loadProgram, type Program } from './rules/program.ts'
import { Transaction } from './rules/transaction.ts'
import type {
  CreateWafResult,
  Phase,
  RuleInfo,
  TransactionOptions,
  Waf,
  WafOptions,
  WafPorts,
  WafSettings,
  WafTransaction,
} from './types.ts'

export type * from './types.ts'

/**
 * Loads rules. All that is wrong with them is in `problems`; nothing is thrown and nothing is loaded half.
 *
 *     const result = createWaf({ rules: [{ path: 'rules/base.conf' }], ports: nodePorts() })
 */
export function createWaf(options: WafOptions): CreateWafResult {
  const loaded = loadProgram(options)
  if (!loaded.ok) return loaded
  return { ok: true, waf: new CompiledWaf(loaded.program, options.ports), warnings: loaded.warnings }
}

class CompiledWaf implements Waf {
  readonly rules: readonly RuleInfo[]
  readonly settings: WafSettings
  readonly #program: Program
  readonly #ports: WafPorts

  constructor(program: Program, ports: WafPorts) {
    this.rules = program.rules.map(rule => rule.info)
    this.settings = program.settings
    this.#program = program
    this.#ports = ports
  }

  hasPhase(phase: Phase): boolean {
    return (this.#program.phases[phase]?.length ?? 0) > 0
  }

  transaction(options: TransactionOptions = {}): WafTransaction {
    return new Transaction(this.#program, this.#ports, options)
  }
}
