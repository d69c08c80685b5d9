import { systemRandom } from '@signalbox/node'
import { Command } from 'commander'
import { endpointsOf } from '../config/endpoints.ts'
import { readEndpointsFile } from '../config/endpoints-file.ts'
import { policyNamed } from '../config/policy-named.ts'
import type { Config } from '../config/schema.ts'
import { StartError } from '../supervisor/role-process.ts'
import { configFrom } from './flags.ts'

export function configCommand(): Command {
  const config = new Command('config').description('look at the configuration')
  config
    .command('check')
    .description('check a configuration file and print what it amounts to; exits with 1 and every problem where it is wrong')
    .argument('[file]', 'the file', 'signalbox.yaml')
    .option('--json', 'print the whole configuration, defaults included, as JSON')
    .action(async (file: string, flags: { readonly json?: boolean }) => {
      const checked = configFrom({ config: file })
      await policyWithParameters(checked)
      const endpoints = endpointsOf(checked.endpoints.backends)
      if (!endpoints.ok) throw new StartError(`${file}: ${endpoints.error}`)
      const listed = checked.endpoints.file === undefined ? { endpoints: [] } : readEndpointsFile(checked.endpoints.file)
      if ('reasons' in listed) throw new StartError(listed.reasons.join('\n'))
      if (flags.json === true) console.log(JSON.stringify(checked, null, 2))
      else {
        const count = endpoints.value.length + listed.endpoints.length
        console.log(
          `${file}: good. Policy ${checked.scheduler.policy}, ${count === 0 ? 'no backends (simulated engines)' : `${count} backend${count === 1 ? '' : 's'}`}.`,
        )
      }
    })
  return config
}

/** Makes the policy as the gateway would. Throws a StartError that names the setting. */
async function policyWithParameters({ scheduler }: Config): Promise<void> {
  const plugin = await policyNamed(scheduler.policy, 'scheduler.policy')
  try {
    plugin.create(scheduler.parameters, { random: systemRandom })
  } catch (error) {
    throw new StartError(`scheduler.parameters: ${(error as Error).message}`)
  }
}
