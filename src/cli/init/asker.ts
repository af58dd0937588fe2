/** How the wizard talks with the user: through prompts on a terminal, or line by line through a pipe. */
export interface Asker {
  /** A user is there to answer a question that the input could not foresee. */
  readonly interactive: boolean;
  say(text: string): void;
  /** A block of several lines. */
  paste(message: string): Promise<string>;
  text(question: TextQuestion): Promise<string>;
  choose<T extends string>(question: ChoiceQuestion<T>): Promise<T>;
  close(): void;
}

export interface TextQuestion {
  message: string;
  /** What an empty answer means; without one an answer is needed. */
  initial?: string;
  /** The answer is not shown. */
  secret?: boolean;
  /** What is wrong with an answer. */
  check?: (answer: string) => string | undefined;
}

export interface ChoiceQuestion<T extends string> {
  message: string;
  /** The first is what an empty answer means; `letter` answers it through a pipe. */
  options: readonly { value: T; label: string; letter: string }[];
}

/** The user pressed Ctrl-C. */
export class Cancelled extends Error {
  override readonly name = 'Cancelled';
}
