import { basename } from 'node:path'
import { seededRandom } from '@signalbox/base'
import type { PolicyChoice } from '@signalbox/replay'
import type { PolicyPlugin } from '@signalbox/scheduler'
import { policyNamed } from '../config/policy-named.ts'
import { StartError } from '../supervisor/role-process.ts'

/** The policy that knows everything, for comparison; it is no policy that could run. */
export const ORACLE = 'oracle'

/**
 * What a name of `--policy` stands for: a policy, a module's path, or `oracle`; numeric parameters follow, each after a colon:
 * `least-cost:stallPrice=0.3:decodeWeight=0`. Throws a StartError that names the policy where there is no such one, or where it cannot be
 * made; so does the policy itself when it throws in a run.
 */
export async function replayPolicy(name: string): Promise<PolicyChoice> {
  if (name === ORACLE) return { kind: 'oracle' }
  const [base = '', ...settings] = name.split(SETTING)
  const plugin = guarded(await policyNamed(base, '--policy', [ORACLE]), name)
  const parameters = settings.length === 0 ? undefined : Object.fromEntries(settings.map((setting) => parameter(setting, name)))
  plugin.create(parameters, { random: seededRandom(0) })
  return { kind: 'scheduler', plugin, parameters }
}

/** Where a parameter begins; a colon of a path is followed by no name and equals sign. */
const SETTING = /:(?=[A-Za-z]\w*=)/

function parameter(setting: string, name: string): readonly [string, number] {
  const [key = '', text = ''] = setting.split('=', 2)
  const value = text.trim() === '' ? Number.NaN : Number(text)
  if (Number.isNaN(value)) throw new StartError(`--policy: ${name}: ${key} must be a number, not ${JSON.stringify(text)}`)
  return [key, value]
}

/** A module of the user's may throw anywhere: that is his mistake to mend, and not a bug of ours. */
function guarded(plugin: PolicyPlugin, name: string): PolicyPlugin {
  const guard = <T>(where: string, call: () => T): T => {
    try {
      return call()
    } catch (error) {
      throw new StartError(`--policy: ${name}: ${where} threw ${thrown(error, name)}`)
    }
  }
  return {
    ...plugin,
    create(parameters, deps) {
      const policy = guard('create', () => plugin.create(parameters, deps))
      return { ...policy, score: (evidence, terms) => guard('score', () => policy.score(evidence, terms)) }
    },
  }
}

/** The message, with the place in the module where there is one: `no luck (mine.mjs:12:9)`. */
function thrown(error: unknown, name: string): string {
  if (!(error instanceof Error)) return String(error)
  const place = error.stack?.split('\n').find((line) => line.includes(`/${basename(name)}`))
  const position = /:(\d+:\d+)\)?$/.exec(place ?? '')?.[1]
  return `${error.message}${position === undefined ? '' : ` (${basename(name)}:${position})`}`
}
