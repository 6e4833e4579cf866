/**
 * An engine that tells of every block it executes. What contracts verify meanwhile belongs to the
 * block and not to the message on whose arrival it is executed, so it is not counted for that one.
 */
import type { Engine } from '@daybook/contracts';
import { simulationSwitches } from '@daybook/core';

/** @param onExecute  told of the height before the block is executed */
export function watchEngine(engine: Engine, onExecute: (height: number) => void): Engine {
  const watched =
    (execute: Engine['execute']): Engine['execute'] =>
    (view, block) => {
      onExecute(block.height);
      const switches = simulationSwitches();
      const before = switches?.signatureChecks ?? 0;
      const executed = execute(view, block);
      if (switches !== undefined) switches.signatureChecks = before;
      return executed;
    };
  return { ...engine, execute: watched(engine.execute), pack: watched(engine.pack) };
}
