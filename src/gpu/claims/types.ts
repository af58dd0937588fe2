/** A GPU, or a MIG slice of one, as tasks get it. */
export interface Device {
  /** As `--gpus` names it: `3`, a slice `3.0`. */
  id: string;
  /** UUID of the card or slice; `index:3` where no vendor's tool names one. */
  key: string;
  /** The vendor tool's number of the card. */
  card: number;
}

/** A device of a claim. */
export interface ClaimedDevice {
  key: string;
  id: string;
  /** Part of the device that the claim takes, above 0 and at most 1. */
  share: number;
}

/** The process that made a claim, in a form that tells it from a later one with the same pid. */
export interface Holder {
  pid: number;
  /** As `startTime` of os/processes.ts gives it; empty where it is unknown. */
  started: string;
  host: string;
  /** Identity of the running kernel. */
  boot?: string;
  /** Its pid namespace. */
  pids?: string;
  uid: number;
  /** Its mount namespace: within it, a path means the same to all. */
  mounts?: string;
  /** Names the socket by which it shows that it lives to processes of other containers. */
  nonce: string;
}

/** Devices that one run holds. */
export interface Claim extends NewClaim {
  id: string;
  holder: Holder;
}

/** What a claim says beside its id and holder. */
export interface NewClaim {
  /** Id of the worker that the run is, or that its agent is. */
  worker: string;
  /** Id of the task; absent until one is pulled. */
  task?: string;
  devices: readonly ClaimedDevice[];
  /** When its stated time limit ends it at the latest, in milliseconds since 1970. */
  endsBy?: number;
  /** Folder of the run: while it exists, the claim outlives its agent. */
  runFolder?: string;
}

/** A device that no task gets. */
export interface OutOfService {
  key: string;
  id: string;
  reason: string;
  /** Milliseconds since 1970. */
  at: number;
}

/** Devices that a worker keeps free for a large task. */
export interface Reservation {
  worker: string;
  devices: readonly { key: string; id: string }[];
  /** When it ends, in milliseconds since 1970. */
  until: number;
  holder: Holder;
}

/** The table at one moment, without what belonged to processes that are gone. */
export interface TableView {
  claims: readonly Claim[];
  outOfService: readonly OutOfService[];
  reservations: readonly Reservation[];
  /** Files of claims that cannot be read, with why. While there is one, no device is known to be free. */
  damaged: readonly { file: string; why: string }[];
}
