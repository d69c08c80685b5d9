import { z } from 'zod'

const port = z.int().min(0).max(65_535)
const positive = z.int().min(1)
const milliseconds = z.int().min(1).max(86_400_000)

const backend = z.union([
  z.url({ protocol: /^https?$/ }),
  z.strictObject({
    /** Name in metrics and records; default host:port. */
    id: z.string().min(1).max(128).optional(),
    url: z.url({ protocol: /^https?$/ }),
  }),
])

/** Endpoints as they stand in a configuration file or an endpoints file. */
export const backendsSchema = z.array(backend).max(4096)

const prefault = <Shape extends z.ZodRawShape>(shape: Shape) => z.strictObject(shape).prefault({} as never)

/**
 * The whole of `signalbox.yaml`. Every key has a default; unknown keys are refused. Durations are
 * milliseconds, sizes bytes.
 */
export const configSchema = z.strictObject({
  /** Address that everything listens on. */
  host: z.string().min(1).default('127.0.0.1'),
  /** The pool's name in metrics. */
  pool: z.string().min(1).max(128).default('signalbox'),
  gateway: prefault({
    port: port.default(8080),
    bodyBytesMax: positive.default(64 * 1024 * 1024),
    answerBytesMax: positive.default(64 * 1024 * 1024),
    connectTimeoutMs: milliseconds.default(2_000),
    headersTimeoutMs: milliseconds.default(600_000),
    idleTimeoutMs: milliseconds.default(300_000),
    attemptsMax: z.int().min(1).max(10).default(3),
    retryRatio: z.number().min(0).max(1).default(0.2),
    retriesPerSecond: z.number().min(0).max(10_000).default(10),
  }),
  admin: prefault({
    port: port.default(9090),
    /** File holding the bearer token that `/metrics` and `/debug` then ask for. */
    tokenFile: z.string().min(1).optional(),
  }),
  endpoints: prefault({
    backends: backendsSchema.default([]),
    /** A watched YAML file with the same list; its changes take effect within a second. */
    file: z.string().min(1).optional(),
    pollIntervalMs: z.int().min(100).max(60_000).default(1_000),
  }),
  scheduler: prefault({
    /** least-cost, round-robin, least-requests, random, or the path of a module with your own policy. */
    policy: z.string().min(1).default('least-cost'),
    parameters: z.record(z.string(), z.unknown()).default({}),
    /** Sequences that one engine runs at a time. */
    slots: positive.default(256),
  }),
  decisions: prefault({
    bytesMax: z
      .int()
      .min(65_536)
      .default(32 * 1024 * 1024),
  }),
  monitor: prefault({
    port: port.default(7070),
    scrapeIntervalMs: z.int().min(500).max(3_600_000).default(5_000),
    retentionMs: z
      .int()
      .min(60_000)
      .default(6 * 3_600_000),
    seriesMax: positive.default(200_000),
  }),
  /** Used only where no backend is given. */
  demo: prefault({
    engines: z.int().min(1).max(64).default(3),
    enginePort: port.default(8001),
    model: z.string().min(1).default('demo-8b'),
    preset: z.string().min(1).default('demo'),
    traffic: z.boolean().default(true),
    requestsPerSecond: z.number().min(0.01).max(1_000).default(2),
    seed: z.int().min(0).default(1),
  }),
})

export type Config = z.infer<typeof configSchema>
export type Backend = z.infer<typeof backend>
