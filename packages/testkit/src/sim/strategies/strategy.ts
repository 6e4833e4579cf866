/**
 * A way to misbehave: one small object in a file of its own. A traitor runs the production node, and
 * its strategy bends what leaves it and what reaches it, signs past the guard with its own key, sees
 * all honest state, and may send anything at any time.
 */
import type { Message } from '@daybook/core';
import type { Traitor } from './traitor.ts';

export interface Strategy {
  /** As in docs/reliability.md, `B1` to `B29`. */
  readonly name: string;
  readonly title: string;
  /** How many machines share the key; 1 unless the strategy is about twins. */
  readonly machines?: number;
  /** Takes over a traitor, before its first start. */
  begin(traitor: Traitor): void;
}

/** A consensus message that the traitor's own node wants to send to one peer. */
export interface Outgoing {
  /** Machine number of the receiver; of twins the first. */
  readonly to: number;
  readonly message: Message;
}

/** What a strategy bends; what it leaves out stays honest. */
export interface Bend {
  /** What leaves instead. */
  outgoing?(outgoing: Outgoing): readonly Message[];
  /** Whether a consensus message from this machine reaches the traitor's own node. */
  incoming?(from: number, message: Message): boolean;
  /** Whether anything at all passes between the traitor and this machine at present. */
  speaksWith?(machine: number): boolean;
  /** Whether anything at all leaves it for this machine at present; what comes reaches it. */
  says?(machine: number): boolean;
  /** Whether a request reaches it; whoever asks waits in vain otherwise. */
  hears?(from: number, request: string): boolean;
  /** What is answered to a request, given the honest answer. */
  answer?(from: number, request: string, honest: Uint8Array | undefined): Uint8Array | undefined;
  /** Before each start of the process, with its disk at hand. */
  beforeStart?(): Promise<void>;
}
