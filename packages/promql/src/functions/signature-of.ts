import { functions } from './registry.ts'
import type { FunctionSignature } from './signature.ts'

/** What the type checker knows about the function of that name. */
export function signatureOf(name: string): FunctionSignature | undefined {
  return functions.get(name)
}
