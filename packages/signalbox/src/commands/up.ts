import type { EndpointSpec } from '@signalbox/scheduler'
import { Command } from 'commander'
import { removeData, withDataFolder, withTemporaryData } from '../config/data-folder.ts'
import { forDemonstration } from '../config/dialects.ts'
import { endpointsOf } from '../config/endpoints.ts'
import { readEndpointsFile } from '../config/endpoints-file.ts'
import type { Config } from '../config/schema.ts'
import { reachable } from '../roles/reachable.ts'
import type { DemoFlags } from '../supervisor/messages.ts'
import { StartError } from '../supervisor/role-process.ts'
import { type RoleSpec, Supervisor } from '../supervisor/supervisor.ts'
import { version } from '../version.ts'
import { type CommonFlags, configFrom, configPathOf, engineCount, withEngineFlags, withGatewayFlags, withMonitorFlags } from './flags.ts'
import { greeting } from './greeting.ts'

interface UpFlags extends CommonFlags {
  readonly engines?: number
  readonly traffic: boolean
}

export function upCommand(): Command {
  return withEngineFlags(
    withMonitorFlags(withGatewayFlags(new Command('up'))),
    'port of the first simulated engine; the others follow (default: 8001)',
  )
    .description('start everything: gateway, monitor with console, and, without --backend, simulated engines with gentle demo traffic')
    .option('--engines <number>', 'simulated engines (default: 3)', engineCount)
    .option('--no-traffic', 'no demo traffic')
    .action(up)
}

async function up(flags: UpFlags): Promise<void> {
  const began = performance.now()
  const plan = planOf(configFrom(flags), flags)
  const { temporaryFolder } = plan
  // The monitor removes it when it ends by itself, not when it never started or was killed.
  if (temporaryFolder !== undefined) process.on('exit', () => removeData(temporaryFolder))
  const supervisor = new Supervisor({
    program: process.argv[1] as string,
    print: (line) => console.log(line),
    nowMs: () => performance.now(),
  })
  let stopping = false
  const onSignal = (): void => {
    if (stopping) {
      supervisor.kill()
      process.exit(130)
    }
    stopping = true
    console.log('\nStopping: running answers get up to 4 s (press again to end at once) ...')
    void supervisor.stop().then(() => process.exit(0))
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  const started = await supervisor.start(plan.roles)
  if ('failed' in started) {
    await supervisor.stop()
    throw new StartError(started.failed)
  }
  console.log(greeting({ version, config: plan.config, addresses: started.addresses, demo: plan.demo, tookMs: performance.now() - began }))
}

interface Plan {
  readonly config: Config
  readonly roles: readonly RoleSpec[]
  readonly demo: DemoFlags
  /** Of a demonstration's samples. */
  readonly temporaryFolder: string | undefined
}

/** Which processes to run: real backends alone, or simulated engines with demo traffic. */
function planOf(given: Config, flags: UpFlags): Plan {
  const real = realEndpoints(given)
  const temporary = real === undefined ? withTemporaryData(forDemonstration(given)) : undefined
  const config = temporary ?? (real === undefined ? forDemonstration(given) : withDataFolder(given, configPathOf(flags)))
  const engines = real === undefined ? (flags.engines ?? config.demo.engines) : 0
  const endpoints = real ?? simulatedEndpoints(config, engines)
  const demo = { simulatedEngines: engines, traffic: engines > 0 && flags.traffic && config.demo.traffic }
  const roles: RoleSpec[] = [
    ...Array.from({ length: engines }, (_, index) => ({
      name: `engine-${index + 1}`,
      layer: 0,
      settings: { role: 'engine', config, index } as const,
    })),
    { name: 'gateway', layer: 1, settings: { role: 'gateway', config, endpoints } },
    { name: 'monitor', layer: 2, settings: { role: 'monitor', config, endpoints, demo, isDataTemporary: temporary !== undefined } },
  ]
  if (demo.traffic) roles.push({ name: 'traffic', layer: 2, settings: { role: 'traffic', config } })
  return { config, roles, demo, temporaryFolder: temporary?.monitor.dataFolder }
}

/** Undefined where nothing is configured: the demonstration fleet is started then. */
export function realEndpoints(config: Config): readonly EndpointSpec[] | undefined {
  const { backends, file } = config.endpoints
  if (backends.length === 0 && file === undefined) return undefined
  const listed = endpointsOf(backends)
  if (!listed.ok) throw new StartError(listed.error)
  if (file === undefined) return listed.value
  const read = readEndpointsFile(file)
  if ('reasons' in read) throw new StartError(read.reasons.join('\n'))
  return [...listed.value, ...read.endpoints]
}

export function simulatedEndpoints(config: Config, engines: number): EndpointSpec[] {
  return Array.from({ length: engines }, (_, index) => ({
    id: `engine-${index + 1}`,
    url: `http://${reachable(config.host)}:${config.engine.port + index}`,
    simulated: true,
  }))
}
