/**
 * READY (protocol §15): while a change of the validator set waits, every validator says by itself
 * that it is in step and can sign, and so does the key that is to join. Without it no change takes
 * effect, so that nobody is admitted who is not there, and nobody is missed who is down.
 */
import { isReadyWanted, readySignBytes } from '@daybook/applications';
import type { CborValue, PublicKey, Signature } from '@daybook/core';
import { toHex } from '@daybook/core';
import type { BlockLog } from '@daybook/state';
import type { Ledger } from './ledger/ledger.ts';
import type { Logger } from './log.ts';
import type { MetricsSink } from './metrics.ts';

/** Who signs a READY: the guard of votes has no part in it, since it is no vote. */
export interface ReadySigner {
  readonly publicKey: PublicKey;
  /** @returns undefined while the key may not sign: it would say that it can, and it can not */
  signStatement(bytes: Uint8Array): Promise<Signature | undefined>;
}

export interface ReadyParts {
  readonly logger: Logger;
  readonly metrics: MetricsSink;
  readonly ledger: Pick<Ledger, 'head' | 'genesis' | 'onCommit'>;
  readonly blockLog: Pick<BlockLog, 'blockHashAt'>;
  /** Own keys: the present one, and the one that is to take its place. */
  readonly signers: readonly ReadySigner[];
  /** Whether this node has everything its peers have. */
  readonly isInStep: () => boolean;
  readonly submit: (kind: 'ready', payload: CborValue) => void;
  readonly onFatal: (error: unknown) => void;
}

export interface ReadySender {
  /** Looks whether a READY is due; also after each block. */
  look(): void;
  stop(): void;
}

/** A READY that no block took is signed anew after so many blocks, or after a shorter epoch. */
const PATIENCE_BLOCKS = 20;

class Sender implements ReadySender {
  readonly #parts: ReadyParts;
  /** Height named last, by hex of the key. */
  readonly #said = new Map<string, number>();
  readonly #unsubscribe: () => void;

  constructor(parts: ReadyParts) {
    this.#parts = parts;
    this.#unsubscribe = parts.ledger.onCommit(() => this.look());
  }

  look(): void {
    const { ledger, signers, isInStep, onFatal } = this.#parts;
    const { header, reader, next } = ledger.head();
    // It counts for two epochs: whoever waited longer would be missed at every other boundary.
    const patience = Math.min(PATIENCE_BLOCKS, next.parameters.epochBlocks);
    for (const signer of signers) {
      const last = this.#said.get(toHex(signer.publicKey));
      if (last !== undefined && last + patience > header.height) continue;
      if (!isReadyWanted(reader, signer.publicKey, header.height + 1)) continue;
      if (!isInStep()) return;
      this.#say(signer).catch(onFatal);
    }
  }

  /** Names the block below the head: the newest one that the next block can look up. */
  async #say(signer: ReadySigner): Promise<void> {
    const { ledger, blockLog, logger, metrics, submit } = this.#parts;
    const height = ledger.head().header.height - 1;
    const hash = blockLog.blockHashAt(height);
    if (hash === undefined) return;
    const key = toHex(signer.publicKey);
    this.#said.set(key, height);
    const signature = await signer.signStatement(
      readySignBytes(ledger.genesis.chain, height, hash),
    );
    if (signature === undefined) return;
    metrics.add('daybook_node_ready_total', 1);
    logger.info('validator ready', { key, height });
    submit('ready', [signer.publicKey, height, hash, signature]);
  }

  stop(): void {
    this.#unsubscribe();
  }
}

export function createReadySender(parts: ReadyParts): ReadySender {
  return new Sender(parts);
}
