import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { loadPolicy, type PolicyPlugin, policies } from '@signalbox/scheduler'
import { StartError } from '../supervisor/role-process.ts'
import { closest } from './closest.ts'
import { isModulePath } from './load.ts'

/** A policy by its name, or a module's by its path. Throws a StartError that begins with `setting`, which named it; `more` are further names that the setting knows. */
export async function policyNamed(name: string, setting: string, more: readonly string[] = []): Promise<PolicyPlugin> {
  if (!isModulePath(name)) {
    const policy = policies.get(name)
    if (policy !== undefined) return policy
    const names = [...policies.keys(), ...more]
    const suggestion = closest(name, names)
    throw new StartError(
      `${setting}: there is no policy ${JSON.stringify(name)}; ${suggestion === undefined ? '' : `did you mean "${suggestion}"? `}There are ${names.join(', ')}, or give a module such as ./mine.mjs`,
    )
  }
  let namespace: unknown
  try {
    namespace = await import(pathToFileURL(resolve(name)).href)
  } catch (error) {
    throw new StartError(`${setting}: ${name} cannot be loaded: ${(error as Error).message}`)
  }
  const loaded = loadPolicy(namespace)
  if (!loaded.ok) throw new StartError(`${setting}: ${name}: ${loaded.error.message}`)
  return loaded.value
}
