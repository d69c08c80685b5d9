import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { StartError } from '../supervisor/role-process.ts'
import type { Config } from './schema.ts'

/** Our own folder beside a configuration file. */
const OWN_FOLDER = '.signalbox'

/** What changes the folder, for messages about one that cannot be had. */
export const dataFolderAdvice = 'choose another with --data-folder or monitor.dataFolder'

/** The configuration with the folder of a lasting store in it, beside the file at `configPath`, unless it has one or wants none. */
export function withDataFolder(config: Config, configPath: string): Config {
  const { monitor } = config
  if (monitor.store.kind === 'memory' || monitor.dataFolder !== undefined) return config
  const own = resolve(dirname(configPath), OWN_FOLDER)
  makeHidden(own)
  return { ...config, monitor: { ...monitor, dataFolder: join(own, 'data') } }
}

/**
 * The same for a demonstration: a new folder that survives its monitor's death, for `removeData` when the demonstration ends. Undefined: the
 * configuration says what there is to be.
 */
export function withTemporaryData(config: Config): Config | undefined {
  const { monitor } = config
  if (monitor.store.kind === 'memory' || monitor.dataFolder !== undefined) return undefined
  return { ...config, monitor: { ...monitor, dataFolder: mkdtempSync(join(tmpdir(), 'signalbox-demo-')) } }
}

/** Removes a folder of data; without one does nothing. */
export function removeData(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
}

/** Makes a folder that version control leaves alone: nobody means to commit samples. One that is there already is left as it is. */
function makeHidden(folder: string): void {
  if (existsSync(folder)) return
  try {
    mkdirSync(folder, { mode: 0o700 })
    writeFileSync(join(folder, '.gitignore'), '*\n')
  } catch (error) {
    throw new StartError(`${folder} cannot be made (${(error as Error).message}); ${dataFolderAdvice}`)
  }
}
