import { failure, ok, type Random, type Result } from '@signalbox/base'
import { type EngineOptions, polynomialSteps, profiles, quadraticSteps, type StepLoad, type StepModel, scaledSteps } from '@signalbox/engine'

/** Which family of step times an engine has: its profile's own, or another one, so that what a policy assumes does not hold. */
export type StepFamily = 'profile' | 'polynomial' | 'quadratic'

/** Engines of one kind. Without an override a value is the profile's. */
export interface FleetGroup {
  /** At least 1. */
  readonly count: number
  /** A key of the engine's `profiles`. */
  readonly profile: string
  /** Usable KV blocks. */
  readonly kvBlocks?: number
  readonly steps?: StepFamily
  /** Spread of speed between endpoints, below 1: 0.3 gives each a factor of step time from 0.7 to 1.3. */
  readonly noise?: number
  /** Relative standard deviation of each step's time. Default 0.05: no two runs of one engine are alike, and seeds are to show how much that matters. */
  readonly stepNoise?: number
  readonly scheduling?: 'fcfs' | 'priority'
  /** Requests that run at once. */
  readonly slots?: number
  /** Token budget of a step. */
  readonly batchTokens?: number
}

/** The engines of a simulation. */
export interface FleetSpec {
  readonly groups: readonly FleetGroup[]
}

const STEP_NOISE = 0.05
/** As many as a gateway's pool holds. */
const ENGINES_MAX = 1024

/**
 * Reads `COUNTxPROFILE[,KEY=VALUE]...`, several joined by `+`: `8x8b-h100,kv-blocks=4000,noise=0.3+4x70b-h100`. Keys: `kv-blocks`,
 * `steps` (profile, polynomial, quadratic), `noise`, `step-noise` (0.05), `scheduling` (fcfs, priority), `slots`, `batch-tokens`.
 * The error is a sentence that names the part and what it may be.
 */
export function parseFleet(text: string): Result<FleetSpec, string> {
  const groups: FleetGroup[] = []
  for (const part of text.split('+')) {
    const group = parseGroup(part.trim())
    if (!group.ok) return group
    groups.push(group.value)
  }
  const count = groups.reduce((sum, group) => sum + group.count, 0)
  if (count > ENGINES_MAX) return failure(`a fleet of ${count} engines: at most ${ENGINES_MAX} are possible`)
  return ok({ groups })
}

function parseGroup(part: string): Result<FleetGroup, string> {
  const [head = '', ...settings] = part.split(',').map((piece) => piece.trim())
  const match = /^(\d+)x(.+)$/.exec(head)
  if (match === null) return failure(`engines "${part}": write COUNTxPROFILE, 8x8b-h100 for example`)
  const [, count = '', profile = ''] = match
  if (!profiles.has(profile)) return failure(`engines "${part}": there is no profile "${profile}"; profiles: ${[...profiles.keys()].join(', ')}`)
  if (Number(count) < 1 || Number(count) > ENGINES_MAX) return failure(`engines "${part}": the count must be from 1 to ${ENGINES_MAX}`)
  const values: Record<string, string | number> = {}
  for (const setting of settings) {
    const [key = '', text = ''] = splitOnce(setting)
    const read = SETTINGS.get(key)
    if (read === undefined) return failure(`engines "${part}": there is no setting "${key}"; settings: ${[...SETTINGS.keys()].join(', ')}`)
    const value = read.parse(text)
    if (value === undefined) return failure(`engines "${part}": ${key} must be ${read.allowed}, not "${text}"`)
    if (values[read.field] !== undefined) return failure(`engines "${part}": ${key} is given twice`)
    values[read.field] = value
  }
  return ok({ count: Number(count), profile, ...values })
}

interface Setting {
  readonly field: keyof FleetGroup
  readonly allowed: string
  /** Undefined: not allowed. */
  parse(text: string): string | number | undefined
}

function oneOf(field: keyof FleetGroup, allowed: readonly string[]): Setting {
  return { field, allowed: allowed.join(' or '), parse: (text) => (allowed.includes(text) ? text : undefined) }
}

function whole(field: keyof FleetGroup, max: number): Setting {
  const parse = (text: string) => (/^\d{1,9}$/.test(text) && Number(text) >= 1 && Number(text) <= max ? Number(text) : undefined)
  return { field, allowed: `a whole number from 1 to ${max}`, parse }
}

function ratio(field: keyof FleetGroup): Setting {
  const parse = (text: string) => (/^\d*\.?\d+$/.test(text) && Number(text) < 1 ? Number(text) : undefined)
  return { field, allowed: 'a number from 0 to below 1', parse }
}

const SETTINGS: ReadonlyMap<string, Setting> = new Map([
  ['kv-blocks', whole('kvBlocks', 10_000_000)],
  ['steps', oneOf('steps', ['profile', 'polynomial', 'quadratic'])],
  ['noise', ratio('noise')],
  ['step-noise', ratio('stepNoise')],
  ['scheduling', oneOf('scheduling', ['fcfs', 'priority'])],
  ['slots', whole('slots', 65_536)],
  ['batch-tokens', whole('batchTokens', 1_048_576)],
])

function splitOnce(setting: string): readonly string[] {
  const at = setting.indexOf('=')
  return at === -1 ? [setting, ''] : [setting.slice(0, at), setting.slice(at + 1)]
}

/** One engine of a fleet. */
export interface FleetEngine {
  readonly id: string
  readonly profile: string
  readonly options: EngineOptions
  /** Of its own random numbers. */
  readonly seed: number
}

/** Every engine of a fleet, `<profile>-<n>` from 0 over the whole fleet. The seed decides the speeds that `noise` spreads. */
export function fleetEngines(fleet: FleetSpec, random: Random): readonly FleetEngine[] {
  const engines: FleetEngine[] = []
  for (const group of fleet.groups) {
    const profile = profiles.get(group.profile)
    if (profile === undefined) throw new RangeError(`no profile ${group.profile}`)
    const steps = stepsOf(group.steps ?? 'profile', profile.options.stepModel)
    for (let nth = 0; nth < group.count; nth += 1) {
      const factor = 1 + (group.noise ?? 0) * (2 * random.next() - 1)
      const stepModel = factor === 1 ? steps : scaledSteps(steps, factor)
      const seed = Math.floor(random.next() * 2 ** 32)
      engines.push({ id: `${group.profile}-${engines.length}`, profile: group.profile, options: optionsOf(group, profile.options, stepModel), seed })
    }
  }
  return engines
}

function optionsOf(group: FleetGroup, options: EngineOptions, stepModel: StepModel): EngineOptions {
  return {
    ...options,
    stepModel,
    // The null block is one more.
    ...(group.kvBlocks === undefined ? {} : { blocksTotal: group.kvBlocks + 1 }),
    stepNoise: group.stepNoise ?? STEP_NOISE,
    ...(group.scheduling === undefined ? {} : { scheduling: group.scheduling }),
    ...(group.slots === undefined ? {} : { sequencesMax: group.slots }),
    ...(group.batchTokens === undefined ? {} : { batchTokensMax: group.batchTokens }),
  }
}

/** SOURCE: `reference/vllm.md` §5.4, Dynamo's mocker; ms. */
const POLYNOMIAL = polynomialSteps({
  prefillMs: { square: 4.209989e-7, linear: 1.518344e-2, constant: 16.50142 },
  decodeMs: { square: -25.74, linear: 54.01, constant: 5.74 },
})
/** SOURCE: `reference/vllm.md` §5.4, edgereasoning, the 8B model on a Jetson Orin; seconds there, ms here. */
const QUADRATIC = quadraticSteps({
  prefillMs: { square: 6.6e-4, linear: 0.29, constant: 104 },
  contextMsPerToken: 6.9e-4,
  decodeMs: 100,
})
/** A prompt in the middle of the range: where another family is made as fast as the profile. */
const PROBE: StepLoad = { prefillTokens: 2048, prefillPairs: 2048 ** 2 / 2, decodingSequences: 0, contextTokens: 0, kvUsageRatio: 0 }

/** The family at the profile's scale: as long for a prompt of 2,048 tokens, of its own shape everywhere else. */
function stepsOf(family: StepFamily, own: StepModel): StepModel {
  if (family === 'profile') return own
  const model = family === 'polynomial' ? POLYNOMIAL : QUADRATIC
  return scaledSteps(model, own.durationMs(PROBE) / model.durationMs(PROBE))
}
