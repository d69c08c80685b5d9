import { randomUUID } from 'node:crypto'
import type { Server } from 'node:http'
import { assert, type Clock, type Random, Roster } from '@signalbox/base'
import { HttpClient, listen } from '@signalbox/node'
import { DecisionLog, type EndpointSpec, type PolicyPlugin, policies, Scheduler } from '@signalbox/scheduler'
import { createAdminServer } from './admin-server.ts'
import { EndpointPoller } from './endpoint-poller.ts'
import { type GatewayDialect, gatewayDialects } from './exposed-entries.ts'
import { GatewayMetrics } from './gateway-metrics.ts'
import { type Objectives, objectivesDefault } from './goodput.ts'
import { Http1Upstream } from './http1-upstream.ts'
import type { Log } from './poller-ports.ts'
import { RequestScanner } from './request-scanner.ts'
import { RetryBudget } from './retry-budget.ts'
import { DataPlane } from './server.ts'

/** Everything that may differ between gateways; `gatewayDefaults` has a value for each but the endpoints. */
export interface GatewayConfig {
  readonly host: string
  readonly port: number
  readonly adminPort: number
  /** Asked for by `/metrics` and `/debug`. */
  readonly adminToken: string | undefined
  readonly pool: string
  readonly endpoints: readonly EndpointSpec[]
  readonly policy: PolicyPlugin
  readonly policyParameters: unknown
  /** Answered by `/version`, and shown among the metrics with `commit`. */
  readonly version: string
  readonly commit: string
  readonly bodyBytesMax: number
  /** Answers that are not streamed are held up to this size; longer ones are relayed as they come. */
  readonly answerBytesMax: number
  /** Longest event of a stream that is watched. */
  readonly eventBytesMax: number
  /** Of a client's request, and of an engine's answer. */
  readonly headBytesMax: number
  /** Client connections at once. */
  readonly connectionsMax: number
  readonly endpointConnectionsMax: number
  readonly attemptsMax: number
  /** Retries allowed for each request of the last 10 s, 0..1, ... */
  readonly retryRatio: number
  /** ... plus so many a second. */
  readonly retriesPerSecond: number
  readonly connectTimeoutMs: number
  /** For an engine's head; without streaming that is the whole generation. */
  readonly headersTimeoutMs: number
  /** Longest silence inside an engine's answer. */
  readonly idleTimeoutMs: number
  /** How long a client may leave a full connection unread. */
  readonly stallTimeoutMs: number
  /** For a client's head, and for its whole request. */
  readonly clientHeadTimeoutMs: number
  readonly clientRequestTimeoutMs: number
  /** Between two requests of a client's connection: longer than load balancers keep theirs (AWS, GCP: 60 s to 600 s). */
  readonly clientKeepAliveMs: number
  /** Of idle connections to engines: shorter than engines keep them (uvicorn: 5 s). */
  readonly endpointKeepAliveMs: number
  /** How long a refused client's body is read on and dropped. */
  readonly discardMs: number
  /** After a drain's grace: for the last errors to reach their clients. */
  readonly closeMs: number
  readonly pollIntervalMs: number
  readonly pollTimeoutMs: number
  /** Sequences that one engine runs at a time. */
  readonly slots: number
  readonly decisionBytesMax: number
  /** Whose names the metrics page shows. */
  readonly dialects: readonly GatewayDialect[]
  readonly tenantLabelOnHistograms: boolean
  /** What goodput is judged by. */
  readonly objectives: Objectives
}

export const gatewayDefaults: Omit<GatewayConfig, 'endpoints'> = Object.freeze({
  host: '127.0.0.1',
  port: 8080,
  adminPort: 9090,
  adminToken: undefined,
  pool: 'signalbox',
  policy: defaultPolicy(),
  policyParameters: undefined,
  version: '0.0.0',
  commit: 'unknown',
  bodyBytesMax: 64 * 1024 * 1024,
  answerBytesMax: 64 * 1024 * 1024,
  eventBytesMax: 1024 * 1024,
  headBytesMax: 32 * 1024,
  connectionsMax: 16_384,
  endpointConnectionsMax: 4096,
  attemptsMax: 3,
  retryRatio: 0.2,
  retriesPerSecond: 10,
  connectTimeoutMs: 2_000,
  headersTimeoutMs: 600_000,
  idleTimeoutMs: 300_000,
  stallTimeoutMs: 300_000,
  clientHeadTimeoutMs: 60_000,
  clientRequestTimeoutMs: 300_000,
  clientKeepAliveMs: 620_000,
  endpointKeepAliveMs: 4_000,
  discardMs: 2_000,
  closeMs: 1_000,
  pollIntervalMs: 1_000,
  pollTimeoutMs: 900,
  slots: 256,
  decisionBytesMax: 32 * 1024 * 1024,
  dialects: gatewayDialects.filter((dialect) => dialect !== 'llumnix'),
  tenantLabelOnHistograms: false,
  objectives: objectivesDefault,
})

export interface GatewayDeps {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

export interface RunningGateway {
  readonly port: number
  readonly adminPort: number
  /** The pool from now on; endpoints that are gone finish what they have. */
  setEndpoints(endpoints: readonly EndpointSpec[]): void
  /** Counts a change of the list that endpoints come from. */
  endpointsReloaded(result: 'applied' | 'refused'): void
  /** Stops accepting, gives running answers `graceMs`, then ends them with errors; resolves when all is closed. */
  drain(graceMs: number): Promise<void>
}

/** A port could not be opened. `message` says why; `listener` which one. */
export class GatewayStartError extends Error {
  override readonly name = 'GatewayStartError'
  readonly listener: 'gateway' | 'admin'

  constructor(listener: 'gateway' | 'admin', message: string) {
    super(message)
    this.listener = listener
  }
}

/**
 * Puts the gateway together and starts it: scheduler, poller, metrics, decision log, data plane and admin server. Rejects
 * with a GatewayStartError for a port that cannot be opened, and with what the policy throws for its parameters.
 */
export async function startGateway(config: GatewayConfig, deps: GatewayDeps): Promise<RunningGateway> {
  const { clock, random, log } = deps
  const policy = config.policy.create(config.policyParameters, { random })
  const scheduler = new Scheduler({ pollIntervalMs: config.pollIntervalMs, slots: config.slots }, { clock, random, policy })
  const decisions = new DecisionLog({ bytesMax: config.decisionBytesMax, clock })
  const { commit, dialects, objectives, tenantLabelOnHistograms } = config
  const exposure = { dialects, objectives, tenantLabelOnHistograms }
  const metrics = new GatewayMetrics({ ...exposure, clock, pool: config.pool, scheduler, log: decisions, commit, buildRef: config.version })
  const http = new HttpClient()
  const poller = new EndpointPoller({
    scheduler,
    clock,
    intervalMs: config.pollIntervalMs,
    timeoutMs: config.pollTimeoutMs,
    get: http.get,
    log,
    polled: (endpoint, seconds, result) => metrics.polled(endpoint, seconds, result),
  })
  const upstream = new Http1Upstream({
    connectTimeoutMs: config.connectTimeoutMs,
    headTimeoutMs: config.headersTimeoutMs,
    idleTimeoutMs: config.idleTimeoutMs,
    connectionsMax: config.endpointConnectionsMax,
    waitingMax: config.connectionsMax,
    keepAliveMs: config.endpointKeepAliveMs,
    headBytesMax: config.headBytesMax,
  })
  const plane = new DataPlane({
    services: {
      scheduler,
      log: decisions,
      metrics,
      upstream,
      budget: new RetryBudget({ requestRatio: config.retryRatio, perSecond: config.retriesPerSecond }, clock),
      scanner: new RequestScanner(),
      clock,
      limits: config,
      live: new Roster(),
    },
    limits: {
      headBytesMax: config.headBytesMax,
      headTimeoutMs: config.clientHeadTimeoutMs,
      requestTimeoutMs: config.clientRequestTimeoutMs,
      keepAliveMs: config.clientKeepAliveMs,
      connectionsMax: config.connectionsMax,
      closeMs: config.closeMs,
    },
    newRequestId: randomUUID,
    version: config.version,
  })
  const { adminToken: token, pool } = config
  const admin = createAdminServer({ metrics, scheduler, log: decisions, clock, token, pool, policy: policy.type })

  const setEndpoints = (endpoints: readonly EndpointSpec[]): void => {
    const left = scheduler.setEndpoints(endpoints)
    if (left > 0) log('error', 'endpoints beyond the limit are left out', { left })
    poller.setEndpoints(endpoints)
    upstream.retain(endpoints)
  }
  setEndpoints(config.endpoints)

  const port = await opened('gateway', plane.server, { host: config.host, port: config.port })
  const adminPort = await opened('admin', admin, { host: config.host, port: config.adminPort }).catch((error: unknown) => {
    plane.server.close()
    throw error
  })
  // The first request after this finds endpoints whose state is known.
  await poller.start()
  return {
    port,
    adminPort,
    setEndpoints,
    endpointsReloaded: (result) => metrics.endpointsReloaded(result),
    drain: async (graceMs) => {
      await plane.drain(graceMs)
      poller.stop()
      http.close()
      await upstream.close()
      await new Promise<void>((resolve) => {
        admin.close(() => resolve())
        admin.closeAllConnections()
      })
    },
  }
}

async function opened(listener: 'gateway' | 'admin', server: Server, address: { readonly host: string; readonly port: number }): Promise<number> {
  const listening = await listen(server, address)
  if (!listening.ok) throw new GatewayStartError(listener, listening.error.message)
  return listening.value
}

function defaultPolicy(): PolicyPlugin {
  const policy = policies.get('least-cost')
  assert(policy !== undefined, 'the default policy is built in')
  return policy
}
