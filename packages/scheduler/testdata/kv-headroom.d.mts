import type { PolicyDefinition } from '../src/policy.ts'

export const policy: PolicyDefinition
