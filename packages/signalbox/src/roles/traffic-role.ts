import { seededRandom } from '@signalbox/base'
import { engineModelOf } from '../config/engine-options.ts'
import type { Config } from '../config/schema.ts'
import type { RunningRole } from '../supervisor/role-process.ts'
import { DemoTraffic } from './demo-traffic.ts'
import { reachable } from './reachable.ts'

export async function startTrafficRole(config: Config): Promise<RunningRole> {
  const { requestsPerSecond, seed } = config.demo
  const url = `http://${reachable(config.host)}:${config.gateway.port}`
  const traffic = new DemoTraffic({ url, model: engineModelOf(config), requestsPerSecond, random: seededRandom(seed) })
  traffic.start()
  return { addresses: {}, stop: async () => traffic.stop() }
}
