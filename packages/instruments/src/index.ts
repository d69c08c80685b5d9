export { labelValuesMaxDefault, Registry, type RegistryOptions, seriesMaxDefault } from './registry.ts'
export type * from './types.ts'
