/** What the node and the process of its read model say to each other. */
import type { ReadModel } from '../read-model.ts';

/** A call of the read model; calls that write are answered in the order they were made. */
export interface Request {
  readonly id: number;
  readonly method: keyof ReadModel;
  readonly args: readonly unknown[];
}

export type Response =
  | { readonly id: number; readonly value: unknown }
  /** The call threw; nothing of it stays. */
  | { readonly id: number; readonly error: string };
