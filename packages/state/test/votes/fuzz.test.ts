/** Bytes that nobody wrote: the readers of vote logs and of signer frames name what is wrong. */
import { asHash } from '@daybook/core';
import { expect } from 'chai';
import fc from 'fast-check';
import { openVoteLog } from '../../src/index.ts';
import type { SignerAnswer, SignerRequest } from '../../src/votes/signer-wire.ts';
import { createFrameReader, encodeSignerFrame } from '../../src/votes/signer-wire.ts';
import {
  blockA,
  chain,
  commitRequest,
  lockOf,
  MIRRORS,
  options,
  publicKey,
  writtenDisk,
} from './support/votes.ts';

const bytes = (max: number) => fc.uint8Array({ maxLength: max });
const id = fc.integer({ min: 0, max: 0xffff_ffff });
const height = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });

const MESSAGES: fc.Arbitrary<SignerRequest | SignerAnswer> = fc.oneof(
  fc.record({
    type: fc.constant('hello' as const),
    version: fc.integer({ min: 0, max: 0xffff }),
    chain: fc.constant(chain),
  }),
  fc.record({
    type: fc.constant('sign' as const),
    id,
    request: fc.oneof(
      fc.record({ signBytes: bytes(124), attachment: bytes(500) }),
      fc.constant(commitRequest(5, 0, blockA)),
    ),
  }),
  fc.record({ type: fc.constant('enter-height' as const), id, height }),
  fc.record({ type: fc.constant('resume' as const), id, above: height }),
  fc.record({ type: fc.constant('sign-statement' as const), id, bytes: bytes(88) }),
  fc.record({
    type: fc.constant('withhold' as const),
    id,
    reason: fc.oneof(
      fc.constant({ code: 'STATE_VOTES_DISTRUSTED' as const }),
      fc.record({
        code: fc.constant('STATE_VOTES_DAMAGED' as const),
        sequence: height,
        fact: fc.string({ maxLength: 100, unit: 'grapheme-ascii' }),
      }),
    ),
  }),
  fc.record({
    type: fc.constant('refused' as const),
    id,
    refusal: fc.record({
      code: fc.constant('STATE_SIGNING_DISK_LOW' as const),
      freeFraction: fc.integer({ min: 0, max: 1_000_000 }).map((ppm) => ppm / 1_000_000),
    }),
  }),
  fc.constant({
    type: 'welcome' as const,
    version: 1,
    chain,
    publicKey,
    guard: { height: 5, round: 0, step: 'commit' as const },
    lock: lockOf(5, 0, asHash(blockA)),
    ownCount: 2,
    earlierCount: 0,
  }),
  fc.record({ type: fc.constant('done' as const), id }),
);

describe('state: hostile bytes', () => {
  it('given any message, when sent in pieces of any size, then it is read as it was sent', () => {
    const property = fc.property(
      fc.array(MESSAGES, { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 1, max: 64 }),
      (messages, size) => {
        const sent = messages.flatMap((message) => [...encodeSignerFrame(message)]);
        const reader = createFrameReader();
        const read: unknown[] = [];
        for (let at = 0; at < sent.length; at += size) {
          const found = reader.push(Uint8Array.from(sent.slice(at, at + size)));
          if (!found.ok) throw new Error(found.reason);
          read.push(...found.value);
        }
        expect(read).to.deep.equal(messages);
      },
    );
    fc.assert(property, { numRuns: 50 });
  });

  it('given a message with a byte changed, then it is read as another one or refused, and never thrown', () => {
    const property = fc.property(
      MESSAGES,
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      (message, at, change) => {
        const frame = encodeSignerFrame(message);
        const index = 4 + (at % (frame.length - 4));
        frame[index] = (frame[index] ?? 0) ^ change;
        const read = createFrameReader().push(frame);
        if (!read.ok) return;
        for (const found of read.value) {
          expect(encodeSignerFrame(found), 'one encoding for each message').to.deep.equal(frame);
        }
      },
    );
    fc.assert(property, { numRuns: 500 });
  });

  it('given noise, then the frame reader refuses or waits, and holds no more than one frame', () => {
    const property = fc.property(fc.array(bytes(64), { maxLength: 20 }), (parts) => {
      const reader = createFrameReader();
      for (const part of parts) if (!reader.push(part).ok) return;
    });
    fc.assert(property, { numRuns: 500 });
  });

  it('given bytes overwritten at one place of each mirror, then the log opens with its votes, or names the damage', async () => {
    const template = await writtenDisk();
    const damage = fc.option(
      fc.record({
        at: fc.integer({ min: 0, max: 700 }),
        content: fc.uint8Array({ minLength: 1, maxLength: 40 }),
      }),
    );
    const property = fc.asyncProperty(fc.tuple(damage, damage), async (damages) => {
      const disk = await writtenDisk();
      for (const [index, path] of MIRRORS.entries()) {
        const file = disk.openFile(path);
        file.write(0, template.content(path));
        const here = damages[index];
        if (here !== null && here !== undefined) file.write(here.at, here.content);
      }
      const opening = await openVoteLog(options, { disk });
      if (opening.kind === 'quarantine') {
        expect(opening.reason.code).to.match(/^STATE_VOTES_(DAMAGED|UNREADABLE|COPIED|FOREIGN)$/);
        return;
      }
      const steps = opening.log.state().own.map(({ step }) => step);
      // One mirror alone never loses anything; both may lose the last write together.
      if (damages.includes(null)) expect(steps).to.deep.equal(['prepare', 'commit']);
      else expect(steps[0]).to.equal('prepare');
    });
    await fc.assert(property, { numRuns: 300 });
  });
});
