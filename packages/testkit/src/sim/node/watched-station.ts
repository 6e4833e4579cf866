/** A machine's place on the wire, which says what goes out, what comes in and what goes wrong. */
import type { Clock } from '@daybook/node';
import type { EventBus } from '../world/events.ts';
import type { Life } from '../world/life.ts';
import type { Station } from '../world/station.ts';
import { createStation } from '../world/station.ts';
import type { Wire } from '../world/wire.ts';
import { kindOf } from '../world/wire.ts';
import type { Machine } from './machine.ts';

interface StationParts {
  readonly life: Life;
  readonly clock: Clock;
  readonly wire: Wire;
  readonly events: EventBus;
}

/** @param admission  whom the node may be connected with at first */
export function watchStation(
  machine: Machine,
  admission: Parameters<Station['updatePeers']>[0],
  { life, clock, wire, events }: StationParts,
): Station {
  const { tap } = machine;
  const { peerId } = machine.member;
  const station = createStation(
    { machine: machine.index, peerId, admission },
    {
      wire,
      life,
      clock,
      tap,
      onFault: (error) => events.emit({ type: 'fault', machine, error }),
      onArrival: (arrival) => events.emit({ type: 'arrived', machine, ...arrival }),
      onAnswer: (name) => events.emit({ type: 'answered', machine, name }),
      onOffence: (accused, offence) =>
        events.emit({ type: 'offence', machine, peerId: accused, offence }),
    },
  );
  const { send } = station;
  station.send = (to, channel, bytes) => {
    if (life.isAlive()) {
      events.emit({ type: 'sent', machine, to, kind: kindOf(channel, bytes), bytes });
    }
    return send.call(station, to, channel, bytes);
  };
  return station;
}
