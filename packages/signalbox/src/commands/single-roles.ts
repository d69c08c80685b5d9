import type { EndpointSpec } from '@signalbox/scheduler'
import { Command } from 'commander'
import { withDataFolder } from '../config/data-folder.ts'
import { endpointsOf } from '../config/endpoints.ts'
import type { Config } from '../config/schema.ts'
import { startRole } from '../roles/start-role.ts'
import { runByHand, StartError } from '../supervisor/role-process.ts'
import { type CommonFlags, configFrom, configPathOf, withGatewayFlags, withMonitorFlags } from './flags.ts'

const GRACE_MS = 4_000

export function gatewayCommand(): Command {
  return withGatewayFlags(new Command('gateway'))
    .description('the gateway alone: OpenAI-compatible API, scheduler, metrics')
    .action(async (flags: CommonFlags) => {
      const config = configFrom(flags)
      const running = await runByHand(() => startRole({ role: 'gateway', config, endpoints: listed(config) }), GRACE_MS)
      console.log(`API ${running.addresses['api']}/v1, metrics ${running.addresses['admin']}/metrics`)
    })
}

export function monitorCommand(): Command {
  return withMonitorFlags(withGatewayFlags(new Command('monitor')))
    .description('the monitor alone: scraping, queries, console; --backend names the engines to scrape')
    .action(async (flags: CommonFlags) => {
      const config = withDataFolder(configFrom(flags), configPathOf(flags))
      const demo = { simulatedEngines: 0, traffic: false }
      const running = await runByHand(() => startRole({ role: 'monitor', config, endpoints: listed(config), demo, isDataTemporary: false }), GRACE_MS)
      console.log(`console ${running.addresses['console']}`)
    })
}

function listed(config: Config): readonly EndpointSpec[] {
  const endpoints = endpointsOf(config.endpoints.backends)
  if (!endpoints.ok) throw new StartError(endpoints.error)
  return endpoints.value
}
