import Libsql from 'libsql';

// Runs one statement that takes long, in a process of its own: FILE SQL PARAMETERS, the last as JSON.
const [file, sql, parameters] = process.argv.slice(2);
let outcome;
try {
  const connection = new Libsql(file);
  connection.pragma('busy_timeout = 10000');
  const statement = connection.prepare(sql);
  outcome = { rows: statement.reader ? statement.all(JSON.parse(parameters)) : [] };
  if (!statement.reader) statement.run(JSON.parse(parameters));
  connection.close();
} catch (error) {
  outcome = { message: error.message, code: error.code };
}
process.stdout.write(JSON.stringify(outcome));
