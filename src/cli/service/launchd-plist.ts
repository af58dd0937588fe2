import type { Service } from './service-plan.js';

/** A property list; tasks are in sessions of their own, so that launchd leaves them alone. */
export function launchdPlist(
  { argv, path, scope, user, stopSeconds }: Service,
  label: string,
  logFile: string,
): string {
  const words = argv.map((word) => `    <string>${xml(word)}</string>`).join('\n');
  const runAs =
    scope === 'system' && user !== undefined ? `  <key>UserName</key><string>${xml(user)}</string>\n` : '';
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key><string>${xml(label)}</string>
  <key>ProgramArguments</key>
  <array>
${words}
  </array>
  <key>EnvironmentVariables</key>
  <dict><key>PATH</key><string>${xml(path)}</string></dict>
${runAs}  <key>RunAtLoad</key><true/>
  <key>KeepAlive</key><dict><key>SuccessfulExit</key><false/></dict>
  <key>AbandonProcessGroup</key><true/>
  <key>ExitTimeOut</key><integer>${stopSeconds}</integer>
  <key>Umask</key><integer>63</integer>
  <key>StandardOutPath</key><string>${xml(logFile)}</string>
  <key>StandardErrorPath</key><string>${xml(logFile)}</string>
</dict>
</plist>
`;
}

function xml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
