import { type EngineDialectId, engineDialects, profiles } from '@signalbox/engine'
import { type Faults, parseFaults } from '@signalbox/model-server'
import { tokenizerIds } from '@signalbox/tokenizers'
import { z } from 'zod'

/** What a simulated engine may speak, in the order of the documentation. */
export const engineDialectNames = Object.keys(engineDialects) as readonly EngineDialectId[]

/** The profiles by name. */
export const profileNames = [...profiles.keys()]

/** Which half of a pair an engine is for. */
export const roleNames = ['both', 'prefill', 'decode'] as const

const error = `expected one or a list of ${engineDialectNames.join(', ')}`
const engineDialect = z.enum(engineDialectNames)
const engineDialectList = z
  .union([engineDialect, z.array(engineDialect).min(1, { error }).max(64)], { error })
  .default(['vllm', 'vllm-0.9'])
  .transform((names): readonly EngineDialectId[] => (typeof names === 'string' ? [names] : names))

const port = z.int().min(0).max(65_535)
const tokens = z.int().min(1).max(100_000_000)
const oneOf = <const Names extends readonly string[]>(names: Names) => z.enum(names, { error: `expected one of ${names.join(', ')}` })
const ADAPTERS_MAX = 64
const TEXTS = 'expected canned, echo, or { file } with a data set'

const faultPlan = z.record(z.string(), z.unknown())
const PLANS_MAX = 64
const FAULTS = 'expected a plan of faults, or a list with one for each engine'
const faults = z
  .union([faultPlan, z.array(faultPlan).max(PLANS_MAX)], { error: FAULTS })
  .superRefine((given, context) => {
    for (const [index, plan] of (Array.isArray(given) ? given : [given]).entries()) {
      const parsed = parseFaults(plan)
      if (!parsed.ok) context.addIssue({ code: 'custom', message: parsed.error, path: Array.isArray(given) ? [index] : [] })
    }
  })
  .default({})
  .transform((given): Faults | readonly Faults[] => given)

/** The keys of `engine`: what simulated engines are, those of a demonstration and those started by `signalbox engine`. */
export const engineKeys = {
  port: port.default(8001).describe('Port of the first simulated engine; the others follow.'),
  dialect: engineDialectList.describe(
    "Whose metrics the simulated engines speak: `vllm` (the newest), `vllm-0.9` (0.9.2, old names and new ones), `vllm-v0`, `sglang`, or a list that they take in turn. Their HTTP is vLLM's all the same.",
  ),
  profile: oneOf(profileNames)
    .default('demo')
    .describe(`Their step times and cache: ${profileNames.map((name) => `\`${name}\``).join(', ')}.`),
  model: z.string().min(1).max(256).optional().describe("Model name that they serve. Where nothing is said: the profile's."),
  seed: z
    .int()
    .min(0)
    .max(0xffff_ffff)
    .default(1)
    .describe('Seed of their answers, step noise and random faults; each further engine takes the next one.'),
  speed: z.number().min(0.01).max(10_000).default(1).describe('2 makes every step take half its time.'),
  startupMs: z.int().min(0).max(600_000).default(0).describe('How long everything is answered 503 after a start: a model being loaded.'),
  kvBlocks: z
    .int()
    .min(2)
    .max(100_000_000)
    .optional()
    .describe("Blocks of the KV cache (vLLM: `--num-gpu-blocks-override`). Where nothing is said, here and in the next three: the profile's."),
  sequencesMax: z.int().min(1).max(65_536).optional().describe('Sequences that run at a time (`--max-num-seqs`).'),
  batchTokensMax: tokens.optional().describe('Token budget of a step (`--max-num-batched-tokens`).'),
  contextTokensMax: tokens.optional().describe('Longest prompt plus answer (`--max-model-len`).'),
  scheduling: oneOf(['fcfs', 'priority'])
    .default('fcfs')
    .describe("Who is admitted first: `fcfs`, by arrival, or `priority`, by the requests' `priority` and then arrival."),
  chunkedPrefill: z
    .boolean()
    .default(true)
    .describe('Whether a prompt may be computed in several steps; without it `batchTokensMax` must be at least the context.'),
  prefixCaching: z.boolean().default(true).describe('Whether blocks of earlier prompts and answers are found again.'),
  stepNoise: z.number().min(0).max(1).default(0).describe('Relative standard deviation of step times.'),
  tokenizer: oneOf(tokenizerIds)
    .default('pieces')
    .describe(`How text becomes tokens: ${tokenizerIds.map((name) => `\`${name}\``).join(', ')}.`),
  texts: z
    .union([oneOf(['canned', 'echo']), z.strictObject({ file: z.string().min(1) })], { error: TEXTS })
    .default('canned')
    .describe('What they answer: `canned` sentences, `echo` of the last user message, or `{ file }`, a data set of one JSON object a line.'),
  answerTokensMean: z.int().min(1).max(1_000_000).default(160).describe('Mean length of an answer that stops by itself, in tokens.'),
  reportCachedTokens: z
    .boolean()
    .default(true)
    .describe('Whether `usage` says how much of the prompt was cached (`--enable-prompt-tokens-details`).'),
  adapters: z
    .record(z.string().min(1).max(256), z.string().min(1).max(1_024))
    .refine((adapters) => Object.keys(adapters).length <= ADAPTERS_MAX, { error: `at most ${ADAPTERS_MAX} adapters` })
    .default({})
    .describe('LoRA adapters that are there from the start, each with its path: `{ sql: adapters/sql }`. Nothing is read from the path.'),
  adapterSlots: z
    .int()
    .min(1)
    .max(1_024)
    .optional()
    .describe("Distinct adapters in a batch (`--max-loras`). Where nothing is said, here and in the next: the profile's."),
  adapterLoadMs: z.number().min(0).max(600_000).optional().describe('How long the first use of an adapter waits that is not in a slot.'),
  role: oneOf(roleNames)
    .default('both')
    .describe('Which half of a prefill/decode pair they are for. It is stated, not enforced; anything but `both` turns transfers on.'),
  kvTransfer: z
    .strictObject({
      setupMs: z
        .number()
        .min(0)
        .max(600_000)
        .default(5)
        .describe(
          'Duration of a transfer of keys and values between engines: this ... Given in any way, `kv_transfer_params` of requests are honoured.',
        ),
      msPerToken: z.number().min(0).max(1_000).default(0.01).describe('... and this for each token that the receiver lacks.'),
    })
    .optional(),
  apiKey: z.string().min(1).max(4_096).optional().describe('Bearer token that paths under `/v1` ask for (`--api-key`).'),
  apiKeyFile: z.string().min(1).optional().describe('File holding it.'),
  events: z
    .strictObject({
      port: port
        .default(5557)
        .describe(
          'Port of KV-cache events over ZeroMQ, of the first engine; each further engine takes the ports two on. Given in any way, events are published.',
        ),
      replayPort: port.optional().describe('Port where missed events can be had again. Where nothing is said: the next one.'),
      topic: z
        .string()
        .max(1_024)
        .optional()
        .describe("Topic of the messages. Where nothing is said: `kv@<host>:<port>@<model>`, as llm-d's subscribers want it."),
      encoding: oneOf(['array', 'map']).default('array').describe('How events are written: `array`, or `map` as newer vLLMs do.'),
      hashes: oneOf(['int', 'bytes']).default('int').describe('How block hashes are written.'),
    })
    .optional(),
  faults: faults.describe(
    'What goes wrong on purpose, and when: `{ stallMs: { value: 5000, afterMs: 60000 } }`, or a list with one such plan for each engine. See [the simulated engine](engine.md).',
  ),
}
