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
 * The same for a demonstration: a folder of its own that survives its monitor's death, and is removed by `remove`. A folder that the
 * configuration names is kept.
 */
export function withTemporaryData(config: Config): { readonly config: Config; readonly remove: () => void } {
  const { monitor } = config
  if (monitor.store.kind === 'memory' || monitor.dataFolder !== undefined) return { config, remove: () => undefined }
  const dataFolder = mkdtempSync(join(tmpdir(), 'signalbox-demo-'))
  return {
    config: { ...config, monitor: { ...monitor, dataFolder } },
    remove: () => rmSync(dataFolder, { recursive: true, force: true, maxRetries: 3 }),
  }
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
