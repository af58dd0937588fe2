/** `gone`: no answer. `session`: log in again. `refused`: the account may not. `invalid`: the server says what is wrong. */
type FailureKind = 'gone' | 'session' | 'refused' | 'missing' | 'invalid';

interface Meta {
  result_code: number;
  result_subcode: number;
  result_msg: string;
}

/** Why the server did not do what was asked, as one line for a person. */
export class ApiFailure extends Error {
  readonly kind: FailureKind;
  readonly endpoint: string;

  private constructor(kind: FailureKind, endpoint: string, message: string) {
    super(message);
    this.kind = kind;
    this.endpoint = endpoint;
  }

  static gone(endpoint: string): ApiFailure {
    return new ApiFailure('gone', endpoint, 'The server does not answer.');
  }

  /** @param meta of the answer, where it is one of the API */
  static of(endpoint: string, status: number, meta: Meta | undefined): ApiFailure {
    const message = meta?.result_msg ?? `The server answered ${endpoint} with status ${status}.`;
    return new ApiFailure(kindOf(status), endpoint, message);
  }
}

function kindOf(status: number): FailureKind {
  if (status === 401) return 'session';
  if (status === 403) return 'refused';
  return status === 404 ? 'missing' : 'invalid';
}

/** What went wrong, as one line. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
