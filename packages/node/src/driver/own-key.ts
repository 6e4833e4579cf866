/**
 * Who else signs with the own key, while this validator votes (protocol R15, C-36)? The vote log
 * knows everything that this process signed since the log was trusted; what is correctly signed and
 * not in it comes from another holder of the key. Such signatures rarely arrive alone: others put
 * them into justifications, certificates, blocks and evidence, and there they are looked for.
 */
import type { KeyElsewhere, KeySighting } from '@daybook/consensus';
import type {
  Certificate,
  Decided,
  EvidenceProof,
  Hash,
  Height,
  Unsigned,
  ValidatorSet,
  VoteMessage,
} from '@daybook/core';
import { decodeCertificate, equalBytes, indexOfKey, signBytes } from '@daybook/core';
import type { BlockLog, VoteSigner, VoteState } from '@daybook/state';
import type { Clock } from '../clock.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Logger } from '../log.ts';

/** Something correctly signed with the own key. */
export interface OwnSignature {
  readonly content: Unsigned;
  readonly seenIn: KeySighting;
}

export interface OwnKeyWatch {
  /** The vote log is trusted: everything the key signs from now on above this height is in it. */
  begin(above: Height): void;
  /** Quarantine: the log says nothing any more. */
  end(): void;
  /** Met in a message whose signatures hold, at the height being decided. */
  onSigned(found: readonly OwnSignature[]): void;
  /** Evidence that holds against any key, waiting or in a block. */
  onEvidence(proof: EvidenceProof): void;
  /** Blocks became final, and the vote log has not gone to the next height yet. */
  onCommitted(): void;
}

export interface OwnKeyParts {
  readonly signer: VoteSigner;
  readonly ledger: Pick<Ledger, 'head'>;
  readonly blockLog: Pick<BlockLog, 'readFinalisation'>;
  readonly validatorsAt: (height: Height) => ValidatorSet | undefined;
  /** What signatures of a height bind. */
  readonly chainAt: (height: Height) => Hash;
  /** Somebody else has the key: nothing may be signed after it. */
  readonly onKeyElsewhere: (failure: KeyElsewhere) => void;
}

/** Whether the log holds a vote with these signed bytes. */
export function holdsVote({ own, earlier }: VoteState, bytes: Uint8Array): boolean {
  return [...own, ...earlier].some((vote) => equalBytes(vote.signBytes, bytes));
}

function sealOf(certificate: Certificate, self: number): readonly OwnSignature[] {
  if (!certificate.signers.includes(self)) return [];
  const { kind, height, round, blockHash } = certificate;
  return [{ content: { type: kind, height, round, blockHash }, seenIn: 'certificate' }];
}

/**
 * What validator `self` signed inside a message of somebody else; the message is authentic, and of a
 * height whose set is known.
 */
export function ownSignaturesIn(
  message: VoteMessage | Decided,
  self: number,
): readonly OwnSignature[] {
  switch (message.type) {
    case 'prepare':
    case 'commit':
      return [];
    case 'decided':
      return sealOf(message.certificate, self);
    case 'round-change':
      return message.certificate === undefined ? [] : sealOf(message.certificate, self);
    case 'pre-prepare': {
      const { justification, signed } = message;
      if (justification === undefined) return [];
      const { height, round } = signed.content;
      const { entries, certificate } = justification;
      const asked = entries
        .filter(({ sender }) => sender === self)
        .map(({ prepared }): OwnSignature => {
          const content = {
            type: 'round-change',
            height,
            round,
            ...(prepared && { prepared }),
          } as const;
          return { content, seenIn: 'justification' };
        });
      return certificate === undefined ? asked : [...asked, ...sealOf(certificate, self)];
    }
  }
}

/** Blocks that sync brings at once are searched up to this many. */
const SEALS_SEARCHED = 100;

class LogWatch implements OwnKeyWatch {
  readonly #parts: OwnKeyParts;
  /** Absent while the log is not trusted. */
  #above: Height | undefined;
  #searchedUpTo: Height = 0;

  constructor(parts: OwnKeyParts) {
    this.#parts = parts;
  }

  begin(above: Height): void {
    this.#above = above;
    this.#searchedUpTo = this.#parts.ledger.head().header.height;
  }

  end(): void {
    this.#above = undefined;
  }

  onSigned(found: readonly OwnSignature[]): void {
    const stranger = found.find(({ content }) => this.#isStrange(content));
    if (stranger !== undefined) this.#stop(stranger);
  }

  /** A guarded key never contradicts itself, so that one of the two came from elsewhere. */
  onEvidence({ publicKey, height, first, second }: EvidenceProof): void {
    if (!equalBytes(publicKey, this.#parts.signer.publicKey)) return;
    if (this.#above === undefined || height <= this.#above) return;
    const { content } = this.#isStrange(first.content) ? first : second;
    this.#stop({ content, seenIn: 'evidence' });
  }

  onCommitted(): void {
    const { ledger, validatorsAt, blockLog, signer } = this.#parts;
    const head = ledger.head().header.height;
    const from = Math.max(this.#searchedUpTo, this.#above ?? head, head - SEALS_SEARCHED) + 1;
    this.#searchedUpTo = head;
    for (let height = from; height <= head; height += 1) {
      const set = validatorsAt(height);
      const self = set && indexOfKey(set, signer.publicKey);
      const stored = self === undefined ? undefined : blockLog.readFinalisation(height);
      const certificate = stored && decodeCertificate(stored.certificate);
      if (self === undefined || certificate?.ok !== true) continue;
      this.onSigned(sealOf(certificate.value, self));
    }
  }

  #isStrange(content: Unsigned): boolean {
    const { signer, chainAt } = this.#parts;
    if (this.#above === undefined || content.height <= this.#above) return false;
    return !holdsVote(signer.state(), signBytes(chainAt(content.height), content));
  }

  #stop({ content, seenIn }: OwnSignature): void {
    this.end();
    this.#parts.onKeyElsewhere({ code: 'CONSENSUS_KEY_ELSEWHERE', content, seenIn });
  }
}

/** Whether a reason to stop is that somebody else has the key. */
export function isKeyElsewhere(error: unknown): error is KeyElsewhere {
  const code: KeyElsewhere['code'] = 'CONSENSUS_KEY_ELSEWHERE';
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}

/** The process ends all the same when the disk or the signer takes longer. */
const ASIDE_MS = 5000;

/**
 * Puts the vote log aside before the process ends: two have signed with the key, and this log has
 * the votes of one. Started again, the validator is in quarantine, and signs above everything that
 * either of them can have signed (C-34). Never rejects.
 */
export async function putLogAside(
  signer: VoteSigner,
  { content: { height } }: KeyElsewhere,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
): Promise<void> {
  const guardHeight = signer.state().guard.height;
  const fact = 'another process signs with this key';
  const { promise, resolve } = Promise.withResolvers<void>();
  const cancel = clock.schedule(ASIDE_MS, () => {
    logger.error('vote log not put aside in time', { height });
    resolve();
  });
  signer
    .withhold({ code: 'STATE_VOTES_BEHIND', height, guardHeight, fact })
    .catch((error: unknown) => {
      logger.error('vote log not put aside', { height, reason: String(error) });
    })
    .finally(() => {
      cancel();
      resolve();
    });
  await promise;
}

export function createOwnKeyWatch(parts: OwnKeyParts): OwnKeyWatch {
  return new LogWatch(parts);
}
