/** What the figures were measured on, and a yardstick that moves with the machine. */
import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { createSigner, verifyStrict } from '@daybook/core';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly runtime: string;
  readonly commit: string;
  /** Load average of the last minute before the run: above 0.5 the figures are not clean. */
  readonly load: number;
}

const YARDSTICK_MS = 1000;
const GIB = 2 ** 30;

function commitOf(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  } catch {
    // A release has no repository around it.
    return 'unknown';
  }
}

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGib: Math.round(totalmem() / GIB),
    runtime: process.version,
    commit: commitOf(),
    load: loadavg()[0] ?? 0,
  };
}

/** Ed25519 verifications per second of one core: what every payment costs at least, four times. */
export function verificationsPerSecond(): number {
  const signer = createSigner(new Uint8Array(32).fill(7));
  const message = new Uint8Array(300);
  const signature = signer.sign(message);
  const startedMs = performance.now();
  let count = 0;
  while (performance.now() - startedMs < YARDSTICK_MS) {
    for (let round = 0; round < 100; round++) verifyStrict(signer.publicKey, message, signature);
    count += 100;
  }
  return count / ((performance.now() - startedMs) / 1000);
}
