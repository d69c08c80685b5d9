import { type EngineDialectId, profiles } from '@signalbox/engine'
import { startModelServer } from '@signalbox/model-server'
import { systemClock } from '@signalbox/node'
import { portFlags } from '../commands/flags.ts'
import type { Config } from '../config/schema.ts'
import { type RunningRole, StartError } from '../supervisor/role-process.ts'
import { reachable } from './reachable.ts'

/** Engines take the dialects in turn. The schema has at least one in the list. */
function dialectOf(dialects: readonly EngineDialectId[], index: number): EngineDialectId {
  return dialects[index % dialects.length] as EngineDialectId
}

export async function startEngineRole(config: Config, index: number): Promise<RunningRole> {
  const { demo, engine, host } = config
  const profile = profiles.get(demo.preset)
  if (profile === undefined)
    throw new StartError(`demo.preset: ${JSON.stringify(demo.preset)} is unknown; there are ${[...profiles.keys()].join(', ')}`)
  const server = await startModelServer({
    host,
    port: demo.enginePort === 0 ? 0 : demo.enginePort + index,
    name: `signalbox-engine-${index + 1}`,
    engine: { ...profile.options, model: demo.model },
    dialect: dialectOf(engine.dialect, index),
    clock: systemClock,
    seed: demo.seed + index,
  }).catch((error: unknown) => {
    throw new StartError(`${(error as Error).message}; choose another with ${portFlags.engine}`)
  })
  return { addresses: { engine: `http://${reachable(host)}:${server.port}` }, stop: (graceMs) => server.close(graceMs) }
}
