import type { RoleSettings } from '../supervisor/messages.ts'
import type { RunningRole } from '../supervisor/role-process.ts'
import { startEngineRole } from './engine-role.ts'
import { startGatewayRole } from './gateway-role.ts'
import { startMonitorRole } from './monitor-role.ts'
import { startTrafficRole } from './traffic-role.ts'

/** The one place where a role's parts are put together. Rejects with a StartError for what the person at the terminal can mend. */
export function startRole(settings: RoleSettings): Promise<RunningRole> {
  switch (settings.role) {
    case 'engine':
      return startEngineRole(settings.config, settings.index)
    case 'gateway':
      return startGatewayRole(settings.config, settings.endpoints)
    case 'monitor':
      return startMonitorRole(settings)
    case 'traffic':
      return startTrafficRole(settings.config)
  }
}
