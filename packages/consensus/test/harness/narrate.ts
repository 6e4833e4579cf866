/** Events and effects in words, blocks by letters in order of appearance, for transcripts. */
import type { Certificate, Hash, VoteMessage } from '@daybook/core';
import { toHex } from '@daybook/core';
import type { Effect, Event } from '../../src/index.ts';

export interface Narrator {
  /** The event and its effects, or undefined if nothing came of it. */
  tell(event: Event, effects: readonly Effect[]): string | undefined;
}

/** Effects that every height has and that say nothing about the rules. */
function isRoutine(effect: Effect): boolean {
  if (effect.type === 'send-status' || effect.type === 'cancel' || effect.type === 'store')
    return true;
  return effect.type === 'schedule' && effect.timer !== 'round' && effect.timer !== 'hold';
}

export function createNarrator(): Narrator {
  const letters = new Map<string, string>();

  function block(hash: Hash): string {
    const hex = toHex(hash);
    const letter = letters.get(hex) ?? String.fromCharCode(65 + letters.size);
    letters.set(hex, letter);
    return letter;
  }

  function vote(message: VoteMessage): string {
    const { content } = message.signed;
    if (content.type !== 'round-change')
      return `${content.type} r${content.round} ${block(content.blockHash)}`;
    const { prepared } = content;
    const lock = prepared
      ? `prepared r${prepared.round} ${block(prepared.blockHash)}`
      : 'unprepared';
    return `round-change r${content.round} ${lock}`;
  }

  function seals({ signers }: Certificate): string {
    return signers.map((index) => `n${index}`).join(' ');
  }

  function happened(event: Event): string {
    switch (event.type) {
      case 'height-entered':
        return `enters height ${event.context.height}`;
      case 'proposal':
      case 'vote':
        return `n${event.message.signed.sender}: ${vote(event.message)}`;
      case 'signed':
        return `signed ${vote(event.message)}`;
      case 'refused':
        return `refused ${event.slot.type} r${event.slot.round} (${event.reason})`;
      case 'recalled':
        return `recalled ${event.recovered.messages.map(vote).join(', ')}`;
      case 'stranger':
        return `stranger: ${vote(event.message)}`;
      case 'decided':
        return `decided h${event.message.certificate.height} ${block(event.blockHash)}`;
      case 'block':
        return `block ${block(event.block.hash)} arrived`;
      case 'judged':
        return `judged ${block(event.hash)} ${event.verdict.valid ? 'valid' : 'invalid'}`;
      case 'built':
        return `built ${block(event.block.hash)}`;
      case 'timer':
        return `timer ${event.timer}`;
      case 'work':
        return event.pending ? 'work pending' : 'no work';
      case 'status':
        return `status of n${event.validator}: h${event.status.height} r${event.status.round}`;
      case 'links':
        return `links ${event.validators.map((index) => `n${index}`).join(' ')}`;
      case 'peer-linked':
        return `${event.peer} has come`;
      case 'quarantine':
        return `quarantine up to ${event.resumeAbove ?? 'further notice'}`;
    }
  }

  function request(effect: Extract<Effect, { type: 'sign' }>): string {
    const { request: asked } = effect;
    if (asked.type === 'pre-prepare') {
      const from = asked.justification?.entries.map(({ sender }) => `n${sender}`).join(' ');
      const why = from === undefined ? '' : ` by ${from}`;
      return `sign pre-prepare r${asked.round} ${block(asked.blockHash)}${why}`;
    }
    const { content } = asked;
    if (content.type === 'round-change') {
      const { prepared } = content;
      const lock = prepared
        ? `prepared r${prepared.round} ${block(prepared.blockHash)}`
        : 'unprepared';
      return `sign round-change r${content.round} ${lock}`;
    }
    const lock = asked.type === 'commit' ? ` with lock by ${seals(asked.lock.certificate)}` : '';
    return `sign ${content.type} r${content.round} ${block(content.blockHash)}${lock}`;
  }

  function done(effect: Effect): string {
    switch (effect.type) {
      case 'sign':
        return request(effect);
      case 'send': {
        const to =
          effect.to === 'validators' ? '' : ` to ${effect.to.map((i) => `n${i}`).join(' ')}`;
        return `send ${vote(effect.message)}${to}`;
      }
      case 'schedule':
        return `set timer ${effect.timer} to ${effect.atMonoMs}`;
      case 'build':
        return `build for r${effect.round}`;
      case 'judge':
        return `judge ${block(effect.hash)}${effect.again ? ' again' : ''}`;
      case 'fetch':
        return `fetch ${block(effect.hash)} from ${effect.from.map((i) => `n${i}`).join(' ')}`;
      case 'release':
        return `release ${effect.hashes.map(block).join(' ')}`;
      case 'commit': {
        const { height, round, certificate } = effect;
        const name = block(effect.blockHash);
        return `COMMIT h${height} ${name} r${round} sealed by ${seals(certificate)}`;
      }
      case 'help':
        return `help n${effect.peer} with h${effect.height}`;
      case 'sync':
        return `sync to h${effect.height}`;
      case 'hand-over':
        return `hand over to n${effect.to}`;
      case 'report':
        return `REPORT ${effect.evidence.kind} against n${effect.evidence.first.sender}`;
      case 'notice':
        return `notice ${effect.notice.code}`;
      case 'fatal':
        return `FATAL ${effect.failure.code}`;
      default:
        return effect.type;
    }
  }

  return {
    tell(event, effects) {
      const deeds = effects.filter((effect) => !isRoutine(effect));
      if (deeds.length === 0) return undefined;
      return `${happened(event)} -> ${deeds.map(done).join(', ')}`;
    },
  };
}
