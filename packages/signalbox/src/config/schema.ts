import { gatewayDialects, objectivesDefault } from '@signalbox/gateway'
import { storeDefaults } from '@signalbox/monitor'
import { z } from 'zod'
import { closest } from './closest.ts'
import { engineKeys } from './engine-section.ts'

const port = (fallback: number) => z.int().min(0).max(65_535).default(fallback)
const positive = z.int().min(1)
const milliseconds = z.int().min(1).max(86_400_000)
const ADDRESS = 'expected an address such as http://gpu1:8000, or { id, url }'
const address = z.url({ protocol: /^https?$/, error: ADDRESS })

const backend = z.union(
  [
    address,
    z.strictObject({
      /** Name in metrics and records; default host:port. */
      id: z.string().min(1).max(128).optional(),
      url: address,
    }),
  ],
  { error: ADDRESS },
)

/** Endpoints as they stand in a configuration file or an endpoints file. */
export const backendsSchema = z.array(backend).max(4096)

/** `all` for every dialect that the gateway can fill; one name may stand without a list. */
const dialect = z.enum(['all', ...gatewayDialects], {
  error: ({ input }) => {
    const suggestion = typeof input === 'string' ? closest(input, gatewayDialects) : undefined
    return suggestion === undefined ? `expected all or one of ${gatewayDialects.join(', ')}` : `unknown dialect; did you mean ${suggestion}`
  },
})
const dialectList = z.preprocess((value) => (typeof value === 'string' ? [value] : value), z.array(dialect).optional())

const objectiveMs = z.number().min(1).max(3_600_000)
const ratio = (fallback: number) => z.number().min(0).max(0.999999).default(fallback)

/** A section whose keys all have defaults may be left out whole. */
const section = <Shape extends z.ZodRawShape>(shape: Shape) => z.strictObject(shape).prefault({} as never)

/**
 * The whole of `signalbox.yaml`. Every key has a default; unknown keys are refused. Durations are milliseconds, sizes
 * bytes. The descriptions become docs/configuration.md.
 */
export const configSchema = z.strictObject({
  host: z.string().min(1).default('127.0.0.1').describe('Address that everything listens on; the default is this machine alone.'),
  pool: z.string().min(1).max(128).default('signalbox').describe("The pool's name in metrics."),
  gateway: section({
    port: port(8080).describe('Port of the OpenAI-compatible API.'),
    bodyBytesMax: positive.default(64 * 1024 * 1024).describe('Longest request body; a longer one is refused with 413 before it is read whole.'),
    answerBytesMax: positive
      .default(64 * 1024 * 1024)
      .describe('Answers that are not streamed are held until complete, so that one cut short can be an error; a longer one is relayed as it comes.'),
    connectTimeoutMs: milliseconds.default(2_000).describe('Wait for a connection to an engine.'),
    headersTimeoutMs: milliseconds.default(600_000).describe("Wait for an answer's headers; without streaming that is the whole generation."),
    idleTimeoutMs: milliseconds.default(300_000).describe("Longest silence within an answer's body."),
    attemptsMax: z.int().min(1).max(10).default(3).describe('Attempts for one request, the first included.'),
    retryRatio: z.number().min(0).max(1).default(0.2).describe('Retry budget: this share of the requests of the last 10 s ...'),
    retriesPerSecond: z.number().min(0).max(10_000).default(10).describe('... plus so many a second. A refused connection costs none of it.'),
  }),
  admin: section({
    port: port(9090).describe('Port of /metrics and /debug.'),
    tokenFile: z
      .string()
      .min(1)
      .optional()
      .describe(
        "File holding the bearer token that /metrics and /debug then ask for. The monitor and the console's server side read it too; the browser never sees it.",
      ),
  }),
  endpoints: section({
    backends: backendsSchema
      .default([])
      .describe('Model servers: addresses, or `{ id, url }`. None here and no file: simulated engines are started.'),
    file: z
      .string()
      .min(1)
      .optional()
      .describe('A watched YAML file with the same list; a change takes effect within a second, a bad one leaves the last good list in force.'),
    pollIntervalMs: z
      .int()
      .min(100)
      .max(60_000)
      .default(1_000)
      .describe("Between two polls of an engine's state. State older than three intervals is stale."),
  }),
  scheduler: section({
    policy: z
      .string()
      .min(1)
      .default('least-cost')
      .describe(
        '`least-cost`, `round-robin`, `least-requests`, `longest-prefix`, `random`, or the path of a module with a policy of your own (contains a `/`).',
      ),
    parameters: z.record(z.string(), z.unknown()).optional().describe("The policy's own parameters."),
    slots: positive.default(256).describe('Sequences that one engine runs at a time (vLLM: `--max-num-seqs`).'),
  }),
  metrics: section({
    dialects: dialectList.describe(
      `Whose names the metrics pages of gateway and monitor show: ${gatewayDialects.map((name) => `\`${name}\``).join(', ')}, or \`all\`. Where nothing is said: all but \`llumnix\`, whose names carry no prefix and collide in a shared store; in the demonstration \`llumnix\` too.`,
    ),
    tenantLabelOnHistograms: z
      .boolean()
      .default(false)
      .describe('Whether histograms carry the tenant (`fairness_id`) where their originals do: a whole set of buckets for each.'),
  }),
  objectives: section({
    ttftMs: objectiveMs.default(objectivesDefault.ttftMs).describe('A streamed answer is good when its first token comes within this time ...'),
    tpotMs: objectiveMs.default(objectivesDefault.tpotMs).describe('... and its further tokens take at most so long each, on average.'),
    ttftRatio: ratio(0.95).describe('Share of the streamed answers that are to begin in time; alerts tell how fast the rest is used up.'),
    tpotRatio: ratio(0.95).describe('Share that is to stream fast enough.'),
    successRatio: ratio(0.999).describe("Share of the requests that is to succeed; refusals for the client's own fault do not count."),
    models: z
      .record(z.string().min(1), z.strictObject({ ttftMs: objectiveMs.optional(), tpotMs: objectiveMs.optional() }))
      .default({})
      .describe('Times that differ for a model, by its name: `{ big: { ttftMs: 5000 } }`.'),
  }),
  decisions: section({
    bytesMax: z
      .int()
      .min(65_536)
      .default(32 * 1024 * 1024)
      .describe('Size of the ring of decision records.'),
  }),
  monitor: section({
    port: port(7070).describe('Port of the console and the Prometheus HTTP API.'),
    scrapeIntervalMs: z.int().min(500).max(3_600_000).default(5_000).describe('Between two scrapes of a target.'),
    store: section({
      kind: z
        .enum(['embedded', 'memory'], { error: 'expected embedded or memory' })
        .default('embedded')
        .describe('Where samples are kept: `embedded`, in files of `monitor.dataFolder`, or `memory`, where they end with the process.'),
    }),
    dataFolder: z
      .string()
      .min(1)
      .optional()
      .describe(
        "Folder of the store's files, for one process at a time. Where nothing is said: `.signalbox/data` beside the configuration file, or in the working directory without one; in the demonstration a temporary folder that goes with it.",
      ),
    retentionMs: z
      .int()
      .min(60_000)
      .default(storeDefaults.retentionMs)
      .describe('How long samples are kept. On disk they go in blocks, of two hours and later of a day.'),
    retentionBytes: positive
      .default(storeDefaults.retentionBytes)
      .describe("Size of the store's files beyond which the oldest samples go. A store of kind `memory` takes a gigabyte at most."),
    outOfOrderMs: z
      .int()
      .min(0)
      .max(3_600_000)
      .default(storeDefaults.outOfOrderMs)
      .describe("Samples so much older than their series' newest are still taken."),
    seriesMax: positive.default(storeDefaults.seriesMax).describe('Series in memory; further ones are refused and counted.'),
    queryThreads: z
      .int()
      .min(1)
      .max(8)
      .default(1)
      .describe(
        'Threads that answer queries, each one at a time, beside the one that takes samples. Each keeps labels of its own, some 330 bytes a series.',
      ),
    experimentalPromql: z
      .boolean()
      .default(false)
      .describe(
        'Whether queries may use what Prometheus calls experimental: `limitk`, `limit_ratio`, `fill`, `anchored`, `smoothed` and the experimental functions.',
      ),
  }),
  engine: section(engineKeys),
  demo: section({
    engines: z.int().min(1).max(64).default(3).describe('Simulated engines, started only where no backend is given.'),
    traffic: z.boolean().default(true).describe('Whether demo traffic is sent.'),
    requestsPerSecond: z.number().min(0.01).max(1_000).default(2).describe('Its mean rate.'),
    seed: z.int().min(0).default(1).describe('Seed of the demo traffic.'),
  }),
})

export type Config = z.infer<typeof configSchema>
export type Backend = z.infer<typeof backend>
