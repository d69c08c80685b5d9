export type { Bundle } from './bundle.ts'
export { Registry, type RegistryOptions } from './registry.ts'
export type * from './types.ts'
