export { Registry, type RegistryOptions } from './registry.ts'
export type * from './types.ts'
