import { type EngineDialectId, type EngineOptions, profiles } from '@signalbox/engine'
import type { Faults } from '@signalbox/model-server'
import type { Config } from './schema.ts'

type EngineConfig = Config['engine']

/** Of an engine whose role is one half of a pair, where the file says nothing about transfers: the schema's own defaults. */
const KV_TRANSFER = { setupMs: 5, msPerToken: 0.01 }

/** The model name that simulated engines serve. */
export function engineModelOf({ engine }: Config): string {
  return engine.model ?? profileOf(engine).options.model
}

/** The dialect of the engine with that number, from 0: engines take the dialects in turn. The schema has at least one in the list. */
export function engineDialectOf({ engine }: Config, index: number): EngineDialectId {
  return engine.dialect[index % engine.dialect.length] as EngineDialectId
}

/** What goes wrong with the engine of that number: a plan without a list is every engine's, a list has one for each and none for further ones. */
export function engineFaultsOf({ engine }: Config, index: number): Faults {
  return isList(engine.faults) ? (engine.faults[index] ?? {}) : engine.faults
}

function isList(faults: Faults | readonly Faults[]): faults is readonly Faults[] {
  return Array.isArray(faults)
}

/** The engine of a configuration: its profile, under what the configuration states itself. */
export function engineOptionsOf(config: Config): EngineOptions {
  const { engine } = config
  const { options } = profileOf(engine)
  const kvTransfer = engine.kvTransfer ?? options.kvTransfer ?? (engine.role === 'both' ? undefined : KV_TRANSFER)
  return {
    ...options,
    model: engineModelOf(config),
    ...given('blocksTotal', engine.kvBlocks),
    ...given('sequencesMax', engine.sequencesMax),
    ...given('batchTokensMax', engine.batchTokensMax),
    ...given('contextTokensMax', engine.contextTokensMax),
    ...given('adapterSlots', engine.adapterSlots),
    ...given('adapterLoadMs', engine.adapterLoadMs),
    ...given('kvTransfer', kvTransfer),
    scheduling: engine.scheduling,
    chunkedPrefill: engine.chunkedPrefill,
    prefixCaching: engine.prefixCaching && options.prefixCaching,
    stepNoise: engine.stepNoise,
  }
}

function profileOf({ profile }: EngineConfig): { readonly options: EngineOptions } {
  const found = profiles.get(profile)
  // The schema takes no other name.
  if (found === undefined) throw new RangeError(`no profile ${profile}`)
  return found
}

function given<Key extends keyof EngineOptions>(key: Key, value: EngineOptions[Key] | undefined): Partial<EngineOptions> {
  return value === undefined ? {} : { [key]: value }
}
