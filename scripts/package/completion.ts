import { type Command, isGroup } from '../../src/cli/command.ts';
import { actionsOf } from '../../src/cli/commands/index.ts';
import { everyFlag, flagsOf, type Offer, type ShellFlag } from './shell-tables.ts';

/** Returns the completion of the command line by bash, made of the table of commands. It needs nothing of the package bash-completion. */
export function bashCompletion(commands: readonly Command[]): string {
  const flags = everyFlag(commands);
  const valued = flags.filter(({ value }) => value !== undefined);
  const dashed = (list: readonly ShellFlag[]) => list.flatMap(({ name, short }) => [`--${name}`, ...(short ? [`-${short}`] : [])]);
  const names = commands.map(({ name }) => name);
  const groups = commands.filter(isGroup);
  const files = actionsOf(commands).filter(([, { positionals }]) =>
    positionals.some(({ kind }) => kind === 'file' || kind === 'directory'),
  );
  const [first] = actionsOf(commands);
  return `# Completion of onvif-camera for bash.
_onvif_camera() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} at words=()
  # bash takes --width=640 for three words.
  [[ $current == = ]] && current=
  [[ $previous == = ]] && previous=\${COMP_WORDS[COMP_CWORD-2]}
  COMPREPLY=()
  case $previous in
${valued.map(({ name, offer }) => `    --${name}) ${reply(offer)}; return ;;`).join('\n')}
  esac
  for ((at = 1; at < COMP_CWORD; at++)); do
    case \${COMP_WORDS[at]} in
      help) ;;
      ${dashed(valued).join('|')}) ((at++)); [[ \${COMP_WORDS[at]} == = ]] && ((at++)) ;;
      -*) ;;
      *) words+=("\${COMP_WORDS[at]}") ;;
    esac
  done
  case "\${words[0]} \${words[1]}" in
${groups.map(({ name, commands: own }) => `    "${name} ") ${reply({ words: [...own.map((each) => each.name), 'help'] })}; return ;;`).join('\n')}
  esac
  if [[ $current != -* ]]; then
    case "\${words[*]}" in
      '') ${reply({ words: [...names, 'help'] })} ;;
${files.map(([path]) => `      "${path}") ${reply('file')} ;;`).join('\n')}
    esac
    return
  fi
  case "\${words[*]} " in
${actionsOf(commands)
  .filter(([path]) => path !== first?.[0])
  .map(([path, action]) => `    "${path} "*) ${reply({ words: dashed(flagsOf(action)) })} ;;`)
  .join('\n')}
    *) ${reply({ words: first ? dashed(flagsOf(first[1])) : [] })} ;;
  esac
}
complete -F _onvif_camera onvif-camera
`;
}

function reply(offer: Offer): string {
  if (offer === 'text') return ':';
  if (typeof offer === 'string')
    return `compopt -o filenames; mapfile -t COMPREPLY < <(compgen -${offer === 'file' ? 'f' : 'd'} -- "$current")`;
  return `mapfile -t COMPREPLY < <(compgen -W '${offer.words.join(' ')}' -- "$current")`;
}

/** Returns the completion of the command line by zsh, made of the table of commands. */
export function zshCompletion(commands: readonly Command[]): string {
  const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
  const described = (list: readonly { readonly name: string; readonly summary: string }[]) =>
    list.map(({ name, summary }) => quoted(`${name}:${summary.replaceAll(':', '\\:')}`)).join(' ');
  const flagSpec = ({ name, short, help, value, offer }: ShellFlag) => {
    const text = `[${help.replace(/[[\]\\:]/g, '\\$&')}]`;
    const argument = value === undefined ? '' : `:${value.replaceAll(':', '\\:')}:${action(offer)}`;
    return [
      quoted(`--${name}${value === undefined ? '' : '='}${text}${argument}`),
      ...(short ? [quoted(`-${short}${text}${argument}`)] : []),
    ];
  };
  const action = (offer: Offer) =>
    offer === 'file'
      ? '_files'
      : offer === 'directory'
        ? '_files -/'
        : offer === 'text'
          ? ' '
          : `(${offer.words.join(' ').replaceAll(':', '\\:')})`;
  const specs = actionsOf(commands).map(([path, each]) => {
    const positionals = each.positionals.map(({ name, kind, optional }, at) =>
      quoted(
        `${at + 1}:${optional ? ':' : ''}${name}:${action(kind === 'file' || kind === 'directory' ? kind : kind ? { words: kind } : 'text')}`,
      ),
    );
    return `    ${quoted(path)})\n      _arguments -s ${[...flagsOf(each).flatMap(flagSpec), ...positionals].join(' \\\n        ')} ;;`;
  });
  return `#compdef onvif-camera
# Completion of onvif-camera for zsh.
_onvif-camera() {
  local -a commands=(${described(commands)} 'help:more on a command')
  local at=2 path=
  [[ $words[2] == help ]] && at=3
  if ((CURRENT == at)) && [[ $words[at] != -* ]]; then
    _describe command commands
    return
  fi
  path=$words[at]
  case $path in
${commands
  .filter(isGroup)
  .map(
    ({ name, commands: own }) => `    ${name})
      ((at++))
      commands=(${described(own)})
      if ((CURRENT == at)); then _describe command commands; return; fi
      path+=" $words[at]" ;;`,
  )
  .join('\n')}
    -*) path=${commands[0]?.name ?? ''}; at=1 ;;
  esac
  # What is left is as if the command were a program.
  words=("$path" "\${(@)words[at+1,-1]}")
  ((CURRENT -= at - 1))
  case $path in
${specs.join('\n')}
  esac
}
_onvif-camera "$@"
`;
}
