import manifest from '../package.json' with { type: 'json' }

/** Of the command and everything bundled with it. */
export const version: string = manifest.version
