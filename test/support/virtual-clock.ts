export { type VirtualClock, virtualClock } from '../../engine/testing/virtual-clock.ts';
