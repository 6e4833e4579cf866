/**
 * The answering half of requests: calls the one handler of each request, bounds how many run for
 * one peer, and sends what it returns. Knows nothing of how bytes travel.
 */
import { assert } from '@daybook/core';
import type { Envelope } from './envelope.ts';
import type { Offence, PeerId, RequestHandler, Unsubscribe } from './network.ts';
import type { OwnFaults } from './own-faults.ts';
import type { RequestName } from './protocols.ts';
import { REQUESTS, REQUESTS_IN_FLIGHT_MAX } from './protocols.ts';

export interface AnswerPorts {
  readonly faults: OwnFaults;
  /** Queues an answer or a refusal on the request's channel. */
  send(peerId: PeerId, name: RequestName, envelope: Envelope): void;
  offend(peerId: PeerId, offence: Offence): void;
}

export interface Answers {
  handle(name: RequestName, handler: RequestHandler): Unsubscribe;
  /** Serves one request. Never throws; what the handler throws becomes a refusal. */
  serve(peerId: PeerId, id: number, name: RequestName, bytes: Uint8Array): void;
  /** The asker gave up. */
  cancel(peerId: PeerId, id: number): void;
  /** The link ended: its handlers are told to stop. */
  end(peerId?: PeerId): void;
}

/**
 * Handlers that may run for one peer and request. Twice what an asker may have in flight, because
 * one that gave up may ask again before our handler has noticed.
 */
const RUNNING_MAX = 2 * REQUESTS_IN_FLIGHT_MAX;

interface Running {
  readonly peerId: PeerId;
  readonly name: RequestName;
  readonly id: number;
  readonly controller: AbortController;
}

export function createAnswers(ports: AnswerPorts): Answers {
  const handlers = new Map<RequestName, RequestHandler>();
  const running = new Set<Running>();

  async function run(task: Running, handler: RequestHandler, bytes: Uint8Array): Promise<void> {
    const envelope = await answerOf(task, handler, bytes);
    running.delete(task);
    if (!task.controller.signal.aborted) {
      ports.send(task.peerId, task.name, envelope);
    }
  }

  async function answerOf(
    { peerId, name, id, controller }: Running,
    handler: RequestHandler,
    bytes: Uint8Array,
  ): Promise<Envelope> {
    try {
      const payload = await handler(peerId, bytes, controller.signal);
      if (payload === undefined) {
        return { kind: 'refusal', id, why: 'absent' };
      }
      assert(payload.length <= REQUESTS[name].responseBytesMax, 'an answer keeps to its limit');
      return { kind: 'answer', id, payload };
    } catch (error) {
      // The peer is not to blame; the operator has to see it, and the process must live on.
      ports.faults.report('request', error, { request: name });
      return { kind: 'refusal', id, why: 'failed' };
    }
  }

  return {
    handle(name, handler) {
      assert(!handlers.has(name), 'a request has one handler');
      handlers.set(name, handler);
      return () => {
        if (handlers.get(name) === handler) {
          handlers.delete(name);
        }
      };
    },

    serve(peerId, id, name, bytes) {
      const handler = handlers.get(name);
      const mine = [...running].filter((task) => task.peerId === peerId);
      if (handler === undefined) {
        ports.send(peerId, name, { kind: 'refusal', id, why: 'absent' });
        return;
      }
      const crowded = mine.filter((task) => task.name === name).length >= RUNNING_MAX;
      if (crowded || mine.some((task) => task.id === id)) {
        ports.offend(peerId, 'flood');
        ports.send(peerId, name, { kind: 'refusal', id, why: 'busy' });
        return;
      }
      const task = { peerId, name, id, controller: new AbortController() };
      running.add(task);
      void run(task, handler, bytes);
    },

    cancel(peerId, id) {
      for (const task of running) {
        if (task.peerId === peerId && task.id === id) {
          task.controller.abort();
        }
      }
    },

    end(peerId) {
      for (const task of running) {
        if (peerId === undefined || task.peerId === peerId) {
          task.controller.abort();
        }
      }
    },
  };
}
