import { topicOf } from '@signalbox/kv-events'
import { type KvEventOptions, type ModelServerOptions, ModelServerStartError, startModelServer } from '@signalbox/model-server'
import { systemClock } from '@signalbox/node'
import { portFlags } from '../commands/flags.ts'
import { engineDialectOf, engineFaultsOf, engineModelOf, engineOptionsOf } from '../config/engine-options.ts'
import type { Config } from '../config/schema.ts'
import { type RunningRole, StartError } from '../supervisor/role-process.ts'
import { reachable } from './reachable.ts'
import { readToken } from './token.ts'

const PORT_MAX = 65_535

/** Starts the simulated engine with that number, from 0. `portFlag` is what chooses another port than one that is taken. */
export async function startEngineRole(config: Config, index: number, portFlag: string = portFlags.engine): Promise<RunningRole> {
  const options = serverOptionsOf(config, index)
  const server = await startModelServer(options).catch((error: unknown) => {
    if (!(error instanceof ModelServerStartError)) throw error
    const settings = { http: portFlag, events: '--events-port or engine.events', texts: '--text or engine.texts' }
    throw new StartError(`${error.message}; choose another with ${settings[error.part]}`)
  })
  return { addresses: { engine: `http://${reachable(config.host)}:${server.port}` }, stop: (graceMs) => server.close(graceMs) }
}

function serverOptionsOf(config: Config, index: number): ModelServerOptions {
  const { engine, host } = config
  const { adapters, answerTokensMean, reportCachedTokens, role, speed, startupMs, texts, tokenizer } = engine
  const options = engineOptionsOf(config)
  if (!engine.chunkedPrefill && options.batchTokensMax < options.contextTokensMax) {
    throw new StartError(
      `engine.chunkedPrefill: without it a prompt must fit one step: batchTokensMax is ${options.batchTokensMax}, contextTokensMax ${options.contextTokensMax}; raise the one or lower the other`,
    )
  }
  const apiKey = apiKeyOf(config)
  const events = eventsOf(config, index)
  return {
    host,
    port: engine.port === 0 ? 0 : engine.port + index,
    name: `signalbox-engine-${index + 1}`,
    engine: options,
    dialect: engineDialectOf(config, index),
    clock: systemClock,
    seed: engine.seed + index,
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(events === undefined ? {} : { events }),
    adapters,
    answerTokensMean,
    faults: engineFaultsOf(config, index),
    reportCachedTokens,
    role,
    speed,
    startupMs,
    texts,
    tokenizer,
  }
}

function apiKeyOf({ engine }: Config): string | undefined {
  const { apiKey, apiKeyFile } = engine
  if (apiKey !== undefined && apiKeyFile !== undefined) throw new StartError('engine.apiKey and engine.apiKeyFile are both given; leave one out')
  return apiKeyFile === undefined ? apiKey : readToken(apiKeyFile, 'engine.apiKeyFile')
}

/** Each engine has two ports: events, and what of them was missed. */
function eventsOf(config: Config, index: number): KvEventOptions | undefined {
  const { engine, host } = config
  if (engine.events === undefined) return undefined
  const { port, replayPort = port === 0 ? 0 : port + 1, encoding, hashes } = engine.events
  const pod = `${reachable(host)}${engine.port === 0 ? '' : `:${engine.port + index}`}`
  const address = host.includes(':') ? `[${host}]` : host
  const endpointAt = (first: number): string => {
    if (first + 2 * index > PORT_MAX) throw new StartError(`engine.events: the ports of engine ${index + 1} would be above ${PORT_MAX}`)
    return `tcp://${address}:${first === 0 ? '*' : first + 2 * index}`
  }
  return {
    endpoint: endpointAt(port),
    bind: true,
    replayEndpoint: endpointAt(replayPort),
    topic: engine.events.topic ?? topicOf({ pod, model: engineModelOf(config) }),
    encoding,
    hashes,
  }
}
