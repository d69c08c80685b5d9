import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { EngineDialectId } from '@signalbox/engine'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { engineDialectNames } from '../config/engine-section.ts'
import { loadConfig, parseConfig } from '../config/load.ts'
import type { Config } from '../config/schema.ts'
import { StartError } from '../supervisor/role-process.ts'

/** The few values that people change by hand. Each overrides the file. */
export interface CommonFlags {
  readonly config?: string
  readonly host?: string
  readonly backend?: readonly string[]
  readonly port?: number
  readonly metricsPort?: number
  readonly consolePort?: number
  readonly dataFolder?: string
  readonly enginePort?: number
  readonly engineDialect?: readonly EngineDialectId[]
  readonly policy?: string
}

/** Which flag changes a port, for the message about one that is taken. */
export const portFlags = { gateway: '--port', admin: '--metrics-port', monitor: '--console-port', engine: '--engine-port' } as const

const DEFAULT_FILE = 'signalbox.yaml'

export function withConfigFlags(command: Command): Command {
  return command
    .option('-c, --config <file>', `configuration file (default: ${DEFAULT_FILE} where there is one)`)
    .option('--host <address>', 'address to listen on (default: 127.0.0.1, this machine alone)')
}

export function withGatewayFlags(command: Command): Command {
  return withConfigFlags(command)
    .option('-b, --backend <url...>', 'a model server to route to, such as http://gpu1:8000; repeat for more')
    .option('--port <number>', 'port of the OpenAI-compatible API (default: 8080)', portNumber)
    .option('--metrics-port <number>', 'port of /metrics and /debug (default: 9090)', portNumber)
    .option(
      '--policy <name or module>',
      'scheduling policy: least-cost, round-robin, least-requests, longest-prefix, random, or a module of your own such as ./mine.mjs',
    )
}

export function withMonitorFlags(command: Command): Command {
  return command
    .option('--console-port <number>', 'port of the console and the Prometheus HTTP API (default: 7070)', portNumber)
    .option('--data-folder <folder>', "folder of the monitor's samples (default: .signalbox/data beside the configuration file)")
}

export function withEngineFlags(command: Command, portText: string): Command {
  return command
    .option('--engine-port <number>', portText, portNumber)
    .addOption(
      new Option('--engine-dialect <name...>', 'whose metrics the simulated engines speak, in turn (default: vllm vllm-0.9)').choices(
        engineDialectNames,
      ),
    )
}

export function portNumber(text: string): number {
  const port = wholeNumber(text)
  if (!(port <= 65_535)) throw new InvalidArgumentError('a port is a whole number from 0 to 65535.')
  return port
}

/** Most simulated engines of one fleet, as in `demo.engines`. */
const ENGINES_MAX = 64

export function engineCount(text: string): number {
  const count = wholeNumber(text)
  if (!(count >= 1 && count <= ENGINES_MAX)) throw new InvalidArgumentError(`a fleet has 1 to ${ENGINES_MAX} simulated engines.`)
  return count
}

/** NaN for anything but decimal digits: an empty text is no zero. */
export function wholeNumber(text: string): number {
  return /^\d+$/.test(text) ? Number(text) : Number.NaN
}

/** Where the configuration file is, or would be. */
export function configPathOf(flags: CommonFlags): string {
  return flags.config ?? DEFAULT_FILE
}

/** The file's values, or the defaults, under the flags. Throws a StartError that lists every problem. */
export function configFrom(flags: CommonFlags): Config {
  const path = configPathOf(flags)
  const isGiven = flags.config !== undefined || existsSync(path)
  const loaded = isGiven ? loadConfig(path) : parseConfig('', 'defaults')
  if (!loaded.ok) throw new StartError(loaded.error.map((problem) => problem.message).join('\n'))
  const config = loaded.value
  return {
    ...config,
    host: flags.host ?? config.host,
    gateway: { ...config.gateway, port: flags.port ?? config.gateway.port },
    admin: { ...config.admin, port: flags.metricsPort ?? config.admin.port },
    monitor: {
      ...config.monitor,
      port: flags.consolePort ?? config.monitor.port,
      ...(flags.dataFolder === undefined ? {} : { store: { kind: 'embedded' }, dataFolder: resolve(flags.dataFolder) }),
    },
    engine: { ...config.engine, dialect: flags.engineDialect ?? config.engine.dialect, port: flags.enginePort ?? config.engine.port },
    endpoints: { ...config.endpoints, backends: flags.backend === undefined ? config.endpoints.backends : checkedBackends(flags.backend) },
    scheduler: { ...config.scheduler, policy: flags.policy ?? config.scheduler.policy },
  }
}

function checkedBackends(urls: readonly string[]): string[] {
  for (const url of urls) {
    if (!/^https?:\/\/./.test(url) || !URL.canParse(url)) throw new StartError(`--backend ${url}: expected an address such as http://gpu1:8000`)
  }
  return [...urls]
}
