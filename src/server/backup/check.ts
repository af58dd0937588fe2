import { AgentError } from '../../errors.js';
import { runDatabaseJob } from '../storage/database-job.js';

/**
 * Reads a whole database and checks its structure; a server may use it meanwhile.
 *
 * @throws AgentError SERVER_DAMAGED with what is wrong
 */
export async function checkDatabase(file: string, signal?: AbortSignal): Promise<void> {
  const rows = await runDatabaseJob(file, 'PRAGMA integrity_check(20)', [], signal).catch(
    (error: unknown) => {
      if (
        error instanceof AgentError &&
        /malformed|not a database|vtable constructor failed/.test(error.message)
      )
        throw damaged(file, [error.message]);
      throw error;
    },
  );
  const problems = rows.map((row) => String(Object.values(row)[0])).filter((line) => line !== 'ok');
  if (problems.length > 0) throw damaged(file, problems);
}

function damaged(file: string, problems: readonly string[]): AgentError {
  return new AgentError('SERVER_DAMAGED', `the database ${file} is damaged`, {
    detail: problems.join('\n'),
    hint: 'Restore a backup: "agent server restore FILE --replace".',
  });
}
