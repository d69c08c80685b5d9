import { type ModelServerOptions, startModelServer } from '@signalbox/model-server'
import { systemClock } from '@signalbox/node'
import { portFlags } from '../commands/flags.ts'
import { engineDialectOf, engineOptionsOf } from '../config/engine-options.ts'
import type { Config } from '../config/schema.ts'
import { type RunningRole, StartError } from '../supervisor/role-process.ts'
import { reachable } from './reachable.ts'
import { readToken } from './token.ts'

/** Starts the simulated engine with that number, from 0. `portFlag` is what chooses another port than one that is taken. */
export async function startEngineRole(config: Config, index: number, portFlag: string = portFlags.engine): Promise<RunningRole> {
  const options = serverOptionsOf(config, index)
  const server = await startModelServer(options).catch((error: unknown) => {
    throw new StartError(`${(error as Error).message}; choose another with ${portFlag}`)
  })
  return { addresses: { engine: `http://${reachable(config.host)}:${server.port}` }, stop: (graceMs) => server.close(graceMs) }
}

function serverOptionsOf(config: Config, index: number): ModelServerOptions {
  const { engine, host } = config
  const { adapters, answerTokensMean, faults, reportCachedTokens, role, speed, startupMs } = engine
  const options = engineOptionsOf(config)
  if (!engine.chunkedPrefill && options.batchTokensMax < options.contextTokensMax) {
    throw new StartError(
      `engine.chunkedPrefill: without it a prompt must fit one step: batchTokensMax is ${options.batchTokensMax}, contextTokensMax ${options.contextTokensMax}; raise the one or lower the other`,
    )
  }
  const apiKey = apiKeyOf(config)
  return {
    host,
    port: engine.port === 0 ? 0 : engine.port + index,
    name: `signalbox-engine-${index + 1}`,
    engine: options,
    dialect: engineDialectOf(config, index),
    clock: systemClock,
    seed: engine.seed + index,
    ...(apiKey === undefined ? {} : { apiKey }),
    adapters,
    answerTokensMean,
    faults,
    reportCachedTokens,
    role,
    speed,
    startupMs,
  }
}

function apiKeyOf({ engine }: Config): string | undefined {
  const { apiKey, apiKeyFile } = engine
  if (apiKey !== undefined && apiKeyFile !== undefined) throw new StartError('engine.apiKey and engine.apiKeyFile are both given; leave one out')
  return apiKeyFile === undefined ? apiKey : readToken(apiKeyFile, 'engine.apiKeyFile')
}
