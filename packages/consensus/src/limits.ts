/**
 * Fixed limits of the machine beside the chain parameters (protocol §3, §9, §11). Local to a node:
 * another choice would change load and speed, never safety.
 */

/** R11: period of retransmission while a block is wanted, before jitter. */
export const RESEND_MS = 1000;
/** Jitter of RESEND in percent, either way, so that nodes do not send in step. */
export const RESEND_JITTER_PERCENT = 20;
/** R11: period of STATUS while nothing happens. */
export const STATUS_IDLE_MS = 10_000;
/** Votes that are younger are still on their way: neither resent nor relayed. */
export const RESEND_AGE_MS = (RESEND_MS * (100 - RESEND_JITTER_PERCENT)) / 100;

/** R13: least distance between two helps to one peer. */
export const HELP_GAP_MS = 1000;
/** R13: least distance between two helps to one peer for the same height. */
export const HELP_SAME_HEIGHT_GAP_MS = 5000;
/** Peers whose helps are remembered: all validators and as many observers as a node admits. */
export const HELPED_PEERS_MAX = 128;

/** §11: ROUND-CHANGEs kept per validator, those of the highest rounds. */
export const ROUND_CHANGES_PER_VALIDATOR = 4;
/** §11: rounds of the next height for which proposals and votes are kept: 0 and 1. */
export const NEXT_HEIGHT_ROUND_MAX = 1;

/** §14: a STATUS older than this says nothing about its sender's clock or links. */
export const STATUS_FRESH_MS = 30_000;
