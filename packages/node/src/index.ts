export { type ListenError, listen } from './listen.ts'
export { portHolder } from './port-holder.ts'
export { systemClock, systemRandom } from './system-clock.ts'
