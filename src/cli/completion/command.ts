import type { Command } from '../command.js';

export const completionCommand: Command = {
  name: 'completion',
  summary: 'Print a completion script for your shell',
  positionals: ['<shell>'],
  positionalChoices: ['bash', 'zsh', 'fish'],
  flags: [],
  examples: [
    'eval "$(agent completion bash)"      # in ~/.bashrc',
    'eval "$(agent completion zsh)"       # in ~/.zshrc, after compinit',
    'agent completion fish > ~/.config/fish/completions/agent.fish',
  ],
  async run(context) {
    const { runCompletion } = await import('./run.js');
    return runCompletion(context);
  },
};
