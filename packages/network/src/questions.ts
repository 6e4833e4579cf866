/**
 * The asking half of requests: which are under way with whom, which wait for their turn, and how
 * each of them ends. Knows nothing of how bytes travel.
 */
import type { Result } from '@daybook/core';
import { fail, ok } from '@daybook/core';
import type { Refusal } from './envelope.ts';
import { REQUEST_ID_MAX } from './envelope.ts';
import type { NetworkFailure } from './errors.ts';
import type { Clock, MetricsSink, PeerId, RequestOptions } from './network.ts';
import type { RequestName } from './protocols.ts';
import { REQUESTS, REQUESTS_IN_FLIGHT_MAX, REQUESTS_WAITING_MAX } from './protocols.ts';

export type Answer = Result<Uint8Array, NetworkFailure>;

export interface QuestionPorts {
  readonly clock: Clock;
  readonly metrics: MetricsSink;
  /** Hands the request to the transport. @returns false if there is no channel to the peer */
  ask(peerId: PeerId, name: RequestName, id: number, bytes: Uint8Array): boolean;
  /** Tells the peer that the answer is not wanted any more. */
  cancel(peerId: PeerId, name: RequestName, id: number): void;
}

/** What came back for a request. */
export type Reply =
  | { readonly kind: 'answer'; readonly payload: Uint8Array }
  | { readonly kind: 'refusal'; readonly why: Refusal };

export interface Questions {
  ask(
    peerId: PeerId,
    name: RequestName,
    bytes: Uint8Array,
    options: RequestOptions,
  ): Promise<Answer>;
  /**
   * Takes a reply. One that comes too late is ignored.
   * @returns false if it breaks the request's limit
   */
  reply(peerId: PeerId, id: number, reply: Reply): boolean;
  /** Ends every request to this peer, or to all peers. */
  end(reason: NetworkFailure, peerId?: PeerId): void;
}

interface Question {
  readonly id: number;
  readonly peerId: PeerId;
  readonly name: RequestName;
  readonly bytes: Uint8Array;
  readonly askedAt: number;
  asked: boolean;
  readonly finish: (answer: Answer) => void;
}

export function createQuestions(ports: QuestionPorts): Questions {
  return new QuestionTable(ports);
}

class QuestionTable implements Questions {
  readonly #ports: QuestionPorts;
  readonly #open = new Map<number, Question>();
  #lastId = 0;

  constructor(ports: QuestionPorts) {
    this.#ports = ports;
  }

  ask(
    peerId: PeerId,
    name: RequestName,
    bytes: Uint8Array,
    options: RequestOptions,
  ): Promise<Answer> {
    const { timeoutMs = REQUESTS[name].timeoutMs, signal } = options;
    if (signal?.aborted === true) {
      return Promise.resolve(fail({ code: 'NETWORK_REQUEST_CANCELLED', peerId }));
    }
    if (this.#group(peerId, name).length >= REQUESTS_IN_FLIGHT_MAX + REQUESTS_WAITING_MAX) {
      return Promise.resolve(fail({ code: 'NETWORK_REQUEST_BUSY', peerId }));
    }
    return new Promise((resolve) => {
      const giveUp = (reason: NetworkFailure): void => this.#giveUp(question, reason);
      const onAbort = (): void => giveUp({ code: 'NETWORK_REQUEST_CANCELLED', peerId });
      const stopTimer = this.#ports.clock.schedule(timeoutMs, () =>
        giveUp({ code: 'NETWORK_REQUEST_TIMEOUT', peerId, timeoutMs }),
      );
      const finish = (answer: Answer): void => {
        stopTimer();
        signal?.removeEventListener('abort', onAbort);
        resolve(answer);
      };
      const askedAt = this.#ports.clock.now();
      const question = { id: this.#nextId(), peerId, name, bytes, askedAt, asked: false, finish };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#open.set(question.id, question);
      this.#advance(peerId, name);
    });
  }

  reply(peerId: PeerId, id: number, reply: Reply): boolean {
    const question = this.#open.get(id);
    if (question === undefined || question.peerId !== peerId || !question.asked) {
      return true;
    }
    if (reply.kind === 'refusal') {
      const { why } = reply;
      this.#settle(question, fail({ code: 'NETWORK_REQUEST_REFUSED', peerId, why }));
      return true;
    }
    const sizeMax = REQUESTS[question.name].responseBytesMax;
    const size = reply.payload.length;
    if (size > sizeMax) {
      this.#settle(question, fail({ code: 'NETWORK_FRAME_OVERSIZED', peerId, size, sizeMax }));
      return false;
    }
    this.#settle(question, ok(reply.payload));
    return true;
  }

  end(reason: NetworkFailure, peerId?: PeerId): void {
    for (const question of [...this.#open.values()]) {
      if (peerId === undefined || question.peerId === peerId) {
        this.#finish(question, fail(reason));
      }
    }
  }

  #nextId(): number {
    do {
      this.#lastId = this.#lastId === REQUEST_ID_MAX ? 1 : this.#lastId + 1;
    } while (this.#open.has(this.#lastId));
    return this.#lastId;
  }

  /** Requests of one row to one peer; few, so that counting them beats keeping a table. */
  #group(peerId: PeerId, name: RequestName): readonly Question[] {
    return [...this.#open.values()].filter((one) => one.peerId === peerId && one.name === name);
  }

  /** Asks what waits for its turn, in the order of asking. */
  #advance(peerId: PeerId, name: RequestName): void {
    const group = this.#group(peerId, name);
    const free = REQUESTS_IN_FLIGHT_MAX - group.filter(({ asked }) => asked).length;
    for (const question of group.filter(({ asked }) => !asked).slice(0, Math.max(0, free))) {
      question.asked = this.#ports.ask(peerId, name, question.id, question.bytes);
      if (!question.asked) {
        this.#settle(question, fail({ code: 'NETWORK_PEER_OFFLINE', peerId }));
      }
    }
  }

  #giveUp(question: Question, reason: NetworkFailure): void {
    if (question.asked) {
      this.#ports.cancel(question.peerId, question.name, question.id);
    }
    this.#settle(question, fail(reason));
  }

  /** Ends one request and asks the next. */
  #settle(question: Question, answer: Answer): void {
    this.#finish(question, answer);
    this.#advance(question.peerId, question.name);
  }

  #finish(question: Question, answer: Answer): void {
    const { id, name } = question;
    if (!this.#open.delete(id)) {
      return;
    }
    const { clock, metrics } = this.#ports;
    const outcome = answer.ok ? 'answered' : outcomeOf(answer.reason);
    const seconds = (clock.now() - question.askedAt) / 1000;
    metrics.add('daybook_network_requests_total', 1, { request: name, outcome });
    metrics.observe('daybook_network_request_seconds', seconds, { request: name });
    question.finish(answer);
  }
}

function outcomeOf(reason: NetworkFailure): 'refused' | 'failed' {
  return reason.code === 'NETWORK_REQUEST_REFUSED' ? 'refused' : 'failed';
}
